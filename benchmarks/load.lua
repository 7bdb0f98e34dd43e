-- What wrk sends (from the environment), and how it tells what it saw: as one line of JSON.
wrk.method = os.getenv("LOAD_METHOD")
wrk.headers["Authorization"] = "Bearer " .. os.getenv("LOAD_KEY")
local kind = os.getenv("LOAD_CONTENT_TYPE")
if kind ~= "" then
  wrk.headers["Content-Type"] = kind
  wrk.body = os.getenv("LOAD_BODY")
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '\nresult {"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "refused": %d, "lost": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    failed.status, failed.connect + failed.read + failed.write + failed.timeout))
end
