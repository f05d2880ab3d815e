"""What stands around a report on a page: its head, and how it looks on screens and on paper. Pure."""

from __future__ import annotations

from typing import Final

__all__ = ["PAGE"]

_STYLE: Final = """\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
body { color: #1b1f24; background: #ffffff }
h2 { margin-top: 2.5rem }
h3 { margin-bottom: 0; font-size: 1.05rem }
p { margin: .4rem 0 }
h1, h3, p, li, dt, dd, th, td, code, pre { unicode-bidi: isolate }
h1, h3, p, li, dd, td, code, tr.group th { overflow-wrap: anywhere }
th, td span { white-space: nowrap }
th code, tr.group th { white-space: normal }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem }
dt { color: #59636e }
dd { margin: 0 }
figure { margin: 0; overflow-x: auto }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
caption { text-align: left; color: #59636e; padding-bottom: .3rem }
th, td { border-bottom: 1px solid #d0d7de; padding: .35rem .6rem; text-align: left; vertical-align: top }
tbody th { font-weight: normal }
tr.group th { font-weight: bold; padding-top: 1rem }
code, pre { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9em }
pre { border: 1px solid #d0d7de; padding: .8rem; overflow: auto; max-height: 40rem; user-select: all }
.verdict { font-size: 1.2rem; font-weight: bold; border-left: .4rem solid; padding: .4rem .8rem }
.ok { color: #1a7f37 }
.warning { color: #8a5a00 }
.failed { color: #b3261e }
.skipped { color: #59636e }
@media screen and (prefers-color-scheme: dark) {
body { color: #e6edf3; background: #0d1117 }
dt, caption, .skipped { color: #9ea7b3 }
th, td, pre { border-color: #30363d }
.ok { color: #3fb950 }
.warning { color: #e3b341 }
.failed { color: #ff8a80 }
}
@media print {
body { max-width: none; margin: 0; font-size: 10pt }
pre { max-height: none; white-space: pre-wrap }
figure svg { width: 100%; height: auto }
tr, h3, figure { break-inside: avoid }
h2, h3, caption { break-after: avoid }
}
"""

_END: Final = "Written by seawall check. Passwords, tokens and signatures are never part of it."

# Nothing is loaded from anywhere and nothing runs, whatever may have come in.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

_FRAME: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width"/>
<meta http-equiv="Content-Security-Policy" content="{policy}"/>
<title>{{title}}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>{{title}}</h1>
{{body}}
</main>
<footer><p>{end}</p></footer>
</body>
</html>
"""
PAGE: Final = _FRAME.format(policy=_POLICY, style=_STYLE.replace("{", "{{").replace("}", "}}"), end=_END)
"""A page that lacks its ``title`` and its ``body``."""
