-- One request for wrk, again and again, at full speed or at a given pace.
--
-- Environment: BENCH_METHOD, BENCH_TOKEN, BENCH_BODY, and BENCH_PAUSE_MS, the mean time that a
-- connection waits before it sends the next request; 0 is full speed.

wrk.method = os.getenv("BENCH_METHOD")
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
local body = os.getenv("BENCH_BODY")
if body ~= "" then
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = body
end

local pause = tonumber(os.getenv("BENCH_PAUSE_MS"))
if pause > 0 then
  -- Between nothing and twice the mean, so that connections do not fall into step. Whole
  -- milliseconds, which is all that wrk takes; the fraction is kept on average.
  function delay()
    return math.floor(math.random() * 2 * pause + math.random())
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '{"calls":%d,"per_second":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"failed":%d}\n',
    summary.requests, summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, failed))
end
