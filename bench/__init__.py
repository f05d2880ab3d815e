"""The benchmark: Seawall and its peers on one machine, in one run, under the same load.

`python -m bench` measures; `docs/performance.md` keeps the last full result and says how to read it.
"""
