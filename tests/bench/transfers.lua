-- Bodies for wrk: `transfer` over HTTP, one pair of accounts after the other.
--
-- Environment: BENCH_PATH is the call's path, BENCH_TOKEN the bearer token, BENCH_PAIRS a file
-- with the two account numbers of a transfer on each line.

local requests = {}

function init()
  local path = os.getenv("BENCH_PATH")
  local headers = {
    ["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN"),
    ["Content-Type"] = "application/json",
  }
  for line in io.lines(os.getenv("BENCH_PAIRS")) do
    local from, to = line:match("(%d+) (%d+)")
    local body = string.format("[%s,%s,1]", from, to)
    requests[#requests + 1] = wrk.format("POST", path, headers, body)
    -- Enough to be as skewed as the whole file, and few enough to stay in the cache.
    if #requests == 16384 then break end
  end
end

local sent = 0

function request()
  sent = sent % #requests + 1
  return requests[sent]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '{"calls":%d,"per_second":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"failed":%d}\n',
    summary.requests, summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, failed))
end
