using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Kublambda.Runtimes.Tests;

/// <summary>What clients do on their connections, wrong and right: what holds for every runtime.</summary>
public abstract class ConnectionTests(RuntimeUnderTest runtime) : IAsyncLifetime
{
    private FunctionProcess fn = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => fn = await FunctionProcess.StartAsync(runtime, runtime.Handler, ("FUNCTION_MAX_REQUEST_BYTES", "9000000"), ("FUNCTION_CONCURRENCY", "4"));

    public async ValueTask DisposeAsync()
    {
        await fn.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_large_body_comes_and_goes_over_a_connection_that_was_used_before()
    {
        using var connection = await ConnectAsync();
        await connection.SendAsync("GET /text HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await connection.ReadAnswerAsync(), StringComparison.Ordinal);
        await connection.SendAsync("POST /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\nContent-Type: application/octet-stream\r\n\r\n");
        await connection.SendAsync(new string('x', 5_000_000));
        var answer = await connection.ReadAnswerAsync();
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n" + new string('x', 5_000_000), answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Twenty_requests_sent_at_once_are_answered_in_their_order()
    {
        using var connection = await ConnectAsync();
        await connection.SendAsync(string.Concat(Enumerable.Range(0, 20).Select(i => $"POST /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{i:00}")));
        for (var i = 0; i < 20; i++)
            Assert.EndsWith(string.Create(CultureInfo.InvariantCulture, $"\r\n\r\n{i:00}"), await connection.ReadAnswerAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_asks_before_it_sends_is_told_to_go_on()
    {
        using var connection = await ConnectAsync();
        await connection.SendAsync("POST /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 100 ", await connection.ReadHeadAsync(), StringComparison.Ordinal);
        await connection.SendAsync("abc");
        var answer = await connection.ReadAnswerAsync();
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nabc", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_asks_before_it_sends_too_much_is_refused_at_once()
    {
        using var connection = await ConnectAsync();
        await connection.SendAsync("POST /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 9000001\r\nExpect: 100-continue\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 413 ", await connection.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_comes_byte_by_byte_is_answered()
    {
        using var connection = await ConnectAsync();
        foreach (var each in "POST /bytes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        {
            await connection.SendAsync(each.ToString());
            await Task.Delay(2, Stop);
        }

        Assert.EndsWith("\r\n\r\nabc", await connection.ReadAnswerAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_that_read_slowly_hold_up_nobody_and_get_everything()
    {
        using var slow = await ConnectAsync();
        await slow.SendAsync("GET /large?bytes=6000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        for (var i = 0; i < 10; i++)
            Assert.Equal("grüße", await fn.GetAsync("/text"));
        Assert.Equal(6_000_000, (await slow.ReadAnswerAsync()).Split("\r\n\r\n", 2)[1].Length);
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_of_its_request_takes_no_place_with_it()
    {
        for (var i = 0; i < 8; i++)
        {
            using var connection = await ConnectAsync();
            await connection.SendAsync("POST /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
        }

        await UntilAsync(async () => await fn.MetricAsync("kublambda_function_requests_in_flight") == 0);
        Assert.Equal("grüße", await fn.GetAsync("/text"));
        Assert.DoesNotContain(fn.Log(), line => (string?)line["level"] == "error");
    }

    [Fact]
    public async Task A_function_whose_client_leaves_in_the_middle_of_the_answer_is_told()
    {
        for (var i = 0; i < 6; i++)
        {
            using var connection = await ConnectAsync();
            await connection.SendAsync("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
            await connection.ReadHeadAsync();
        }

        await UntilAsync(async () => (int)JsonNode.Parse(await fn.GetAsync("/left"))!["left"]! == 6);
        await UntilAsync(async () => await fn.MetricAsync("kublambda_function_requests_in_flight") == 0);
        Assert.DoesNotContain(fn.Log(), line => (string?)line["level"] == "error");
    }

    [Theory]
    [InlineData("a%0D%0AX-Injected:%20yes")]
    [InlineData("a%0AX-Injected:%20yes")]
    public async Task A_line_break_in_a_header_that_the_function_sets_is_an_error_and_not_another_header(string value)
    {
        using var fine = await fn.SendAsync(HttpMethod.Get, "/header?value=a");
        Assert.Equal(["a"], fine.Headers.GetValues("X-Value"));
        using var answer = await fn.SendAsync(HttpMethod.Get, $"/header?value={value}");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.False(answer.Headers.Contains("X-Injected"));
    }

    private Task<RawConnection> ConnectAsync() => RawConnection.OpenAsync(fn.Port, Stop);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 300; i++)
        {
            if (await condition())
                return;
            await Task.Delay(50, Stop);
        }

        Assert.Fail("It does not come true.");
    }
}
