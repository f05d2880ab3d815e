-- Requests the targets given after "--" in turn, and ends with one line that a program can read.
-- Every request is built once, before the clock starts.

local requests = {}
local following = 0

function init(targets)
  for index, target in ipairs(targets) do
    requests[index] = wrk.format("GET", target)
  end
end

function request()
  following = following % #requests + 1
  return requests[following]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "microseconds": %d, "bytes": %d, "p50": %d, "p99": %d, '
      .. '"refused": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
