using System.Net;
using System.Text.Json.Nodes;

namespace Kublambda.Runtimes.Tests;

/// <summary>Time limits, load, readiness, start and end: what holds for every runtime.</summary>
public abstract class LifecycleTests(RuntimeUnderTest runtime)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_handler_that_does_not_answer_in_time_is_a_504_and_harms_nobody()
    {
        await using var fn = await StartAsync(("FUNCTION_TIMEOUT_SECONDS", "0.6"));
        var slow = fn.SendAsync(HttpMethod.Get, "/slow?ms=20000");
        Assert.Equal("slow", await fn.GetAsync("/slow?ms=100"));
        using var answer = await slow;
        var said = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Stop))!;
        Assert.Equal((HttpStatusCode.GatewayTimeout, "timeout"), (answer.StatusCode, (string?)said["error"]));
        Assert.Contains("0.6 s", (string?)said["message"], StringComparison.Ordinal);
        Assert.Equal(1, await fn.MetricAsync("kublambda_function_errors_total{reason=\"timeout\"}"));
        Assert.Equal("slow", await fn.GetAsync("/slow?ms=1"));
    }

    [Fact]
    public async Task A_streamed_answer_that_does_not_end_in_time_is_cut_off_and_its_function_told()
    {
        await using var fn = await StartAsync(("FUNCTION_TIMEOUT_SECONDS", "0.6"));
        await Assert.ThrowsAnyAsync<Exception>(() => fn.GetAsync("/endless"));
        Assert.Equal(1, await fn.MetricAsync("kublambda_function_errors_total{reason=\"timeout\"}"));
        for (var i = 0; i < 100 && await fn.GetAsync("/left") is var said && (int)JsonNode.Parse(said)!["left"]! == 0; i++)
            await Task.Delay(50, Stop);
        Assert.Equal(1, (int)JsonNode.Parse(await fn.GetAsync("/left"))!["left"]!);
    }

    [Fact]
    public async Task A_body_that_does_not_come_in_time_is_a_408()
    {
        await using var fn = await StartAsync(("FUNCTION_TIMEOUT_SECONDS", "0.5"));
        var answer = await RawConnection.AskAsync(fn.Port, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", Stop);
        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_the_concurrency_requests_wait_in_a_bounded_queue_and_then_get_a_503()
    {
        await using var fn = await StartAsync(("FUNCTION_CONCURRENCY", "2"), ("FUNCTION_QUEUE_LENGTH", "3"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => fn.SendAsync(HttpMethod.Get, "/busy")));
        Assert.Equal([200, 200, 200, 200, 200, 503, 503, 503], answers.Select(answer => (int)answer.StatusCode).Order());
        var refused = answers.First(answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        var most = await Task.WhenAll(answers.Where(a => a.IsSuccessStatusCode).Select(async a => (int)JsonNode.Parse(await a.Content.ReadAsStringAsync(Stop))!["most"]!));
        Assert.Equal(2, most.Max());
    }

    [Fact]
    public async Task As_many_requests_as_the_concurrency_says_run_side_by_side()
    {
        await using var fn = await StartAsync(("FUNCTION_CONCURRENCY", "20"));
        var began = TimeProvider.System.GetTimestamp();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => fn.GetAsync("/busy")));
        Assert.Equal(20, answers.Select(text => (int)JsonNode.Parse(text)!["most"]!).Max());
        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Probes_and_metrics_are_on_the_admin_port()
    {
        await using var fn = await StartAsync();
        await fn.GetAsync("/text");
        Assert.Equal("ok\n", await AdminAsync(fn, "/healthz/live"));
        Assert.Equal("ok\n", await AdminAsync(fn, "/healthz/ready"));
        Assert.Equal(1, await fn.MetricAsync("kublambda_function_requests_total{code=\"200\"}"));
        Assert.Equal(1, await fn.MetricAsync("kublambda_function_ready"));
        Assert.Equal(1, await fn.MetricAsync("kublambda_function_request_duration_seconds_count"));
        Assert.True(await fn.MetricAsync("process_resident_memory_bytes") > 1_000_000);
        using var other = await fn.Admin.GetAsync(new Uri("/", UriKind.Relative), Stop);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Fact]
    public async Task Termination_takes_readiness_first_completes_what_is_in_flight_and_ends_with_0()
    {
        await using var fn = await StartAsync(("SHUTDOWN_DRAIN_SECONDS", "0.6"));
        var before = fn.SendAsync(HttpMethod.Get, "/slow?ms=1500");
        await Task.Delay(100, Stop);
        fn.Terminate();
        await Task.Delay(200, Stop);
        using var ready = await fn.Admin.GetAsync(new Uri("/healthz/ready", UriKind.Relative), Stop);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "draining\n"), (ready.StatusCode, await ready.Content.ReadAsStringAsync(Stop)));
        using var during = await fn.SendAsync(HttpMethod.Get, "/text");
        Assert.Equal((HttpStatusCode.OK, true), (during.StatusCode, during.Headers.ConnectionClose));
        await RefusedAsync(fn);
        using var last = await before;
        Assert.Equal("slow", await last.Content.ReadAsStringAsync(Stop));
        Assert.Equal(0, await fn.ExitCodeAsync());
        Assert.Equal("", await File.ReadAllTextAsync(fn.TerminationLog, Stop));
    }

    [Fact]
    public async Task Termination_does_not_wait_for_idle_connections()
    {
        await using var fn = await StartAsync();
        await Task.WhenAll(fn.GetAsync("/text"), fn.GetAsync("/text"));
        var began = TimeProvider.System.GetTimestamp();
        fn.Terminate();
        Assert.Equal(0, await fn.ExitCodeAsync());
        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(3));
    }

    [Theory]
    [InlineData("FUNCTION_TARGET", "nothing.here", "\"nothing.here\"")]
    [InlineData("FUNCTION_SIGNATURE_TYPE", "event", "\"event\"")]
    [InlineData("FUNCTION_TIMEOUT_SECONDS", "soon", "FUNCTION_TIMEOUT_SECONDS is \"soon\"")]
    public async Task A_wrong_setting_ends_the_process_with_64_and_says_what_to_do(string name, string value, string words)
    {
        await using var fn = FunctionProcess.Launch(runtime, runtime.Handler, (name, value));
        Assert.Equal(64, await fn.ExitCodeAsync());
        var said = await File.ReadAllTextAsync(fn.TerminationLog, Stop);
        Assert.Contains(words, said, StringComparison.Ordinal);
        Assert.Contains("\nRemedy: ", said, StringComparison.Ordinal);
        Assert.Contains(fn.Log(), line => (string?)line["level"] == "error" && ((string?)line["message"])!.Contains(words, StringComparison.Ordinal));
    }

    /// <summary>Until no connection is taken any more.</summary>
    private static async Task RefusedAsync(FunctionProcess fn)
    {
        for (var i = 0; i < 100; i++)
        {
            try
            {
                await fn.GetAsync("/text");
            }
            catch (HttpRequestException)
            {
                return;
            }

            await Task.Delay(50, Stop);
        }

        Assert.Fail("The function still takes connections.");
    }

    private Task<FunctionProcess> StartAsync(params (string Name, string Value)[] settings) => FunctionProcess.StartAsync(runtime, runtime.Handler, settings);

    private static Task<string> AdminAsync(FunctionProcess fn, string path) => fn.Admin.GetStringAsync(new Uri(path, UriKind.Relative), Stop);
}
