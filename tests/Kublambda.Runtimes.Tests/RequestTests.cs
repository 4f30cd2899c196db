using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Kublambda.Runtimes.Tests;

/// <summary>Requests, answers and errors: what holds for every runtime.</summary>
public abstract class RequestTests(RuntimeUnderTest runtime) : IAsyncLifetime
{
    private FunctionProcess fn = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => fn = await FunctionProcess.StartAsync(
        runtime, runtime.Handler, ("FUNCTION_MAX_REQUEST_BYTES", "1000000"), ("FUNCTION_MAX_RESPONSE_BYTES", "2000000"));

    public async ValueTask DisposeAsync()
    {
        await fn.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    public async Task Method_path_query_headers_and_body_reach_the_handler(string method)
    {
        var body = method == "GET" ? null : new StringContent("{\"ä\":1}", Encoding.UTF8, "application/json");
        using var answer = await fn.SendAsync(new HttpMethod(method), "/echo?a=1&b=x+y&c=%C3%A4", body, ("X-Test", "v"));
        var said = await JsonOf(answer);
        Assert.Equal(method, (string?)said["method"]);
        Assert.Equal("/echo", (string?)said["path"]);
        Assert.Equal("v", (string?)said["header"]);
        Assert.Equal(["1", "x y", "ä"], new[] { "a", "b", "c" }.Select(name => (string?)said["query"]![name]));
        Assert.Equal(method == "GET" ? "" : "{\"ä\":1}", Encoding.UTF8.GetString(Convert.FromBase64String((string)said["body"]!)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_byte_of_a_body_comes_and_goes_unchanged(bool chunked)
    {
        var bytes = new byte[700_000];
        new Random(4711).NextBytes(bytes);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/bytes") { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new("application/octet-stream");
        request.Headers.TransferEncodingChunked = chunked;
        using var answer = await fn.Http.SendAsync(request, Stop);
        Assert.Equal("application/octet-stream", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(bytes, await answer.Content.ReadAsByteArrayAsync(Stop));
    }

    [Fact]
    public async Task Status_and_headers_are_the_handlers()
    {
        using var answer = await fn.SendAsync(HttpMethod.Get, "/made");
        Assert.Equal((HttpStatusCode.Created, "made"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Stop)));
        Assert.Equal(["yes"], answer.Headers.GetValues("X-Made"));
    }

    [Fact]
    public async Task Returned_values_are_answers()
    {
        using var json = await fn.SendAsync(HttpMethod.Get, "/json");
        Assert.Equal("application/json", json.Content.Headers.ContentType?.MediaType);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"hello":"Ada","list":[1,null,"ü"]}"""), await JsonOf(json)));
        Assert.Equal("grüße", await fn.GetAsync("/text"));
        using var nothing = await fn.SendAsync(HttpMethod.Get, "/nothing");
        Assert.Equal(HttpStatusCode.NoContent, nothing.StatusCode);
    }

    [Fact]
    public async Task A_head_request_has_headers_and_no_body()
    {
        using var answer = await fn.SendAsync(HttpMethod.Head, "/text");
        Assert.Equal((HttpStatusCode.OK, 7), (answer.StatusCode, (int?)answer.Content.Headers.ContentLength));
        Assert.Equal("", await answer.Content.ReadAsStringAsync(Stop));
        Assert.Equal("grüße", await fn.GetAsync("/text"));
    }

    [Fact]
    public async Task A_streamed_answer_comes_piece_by_piece()
    {
        using var answer = await fn.Http.GetAsync(new Uri("/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Stop);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Stop));
        var began = TimeProvider.System.GetTimestamp();
        Assert.Equal("one", await reader.ReadLineAsync(Stop));
        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMilliseconds(280), "the first piece waited for the next");
        Assert.Equal(["two", "three", null], [await reader.ReadLineAsync(Stop), await reader.ReadLineAsync(Stop), await reader.ReadLineAsync(Stop)]);
        Assert.True(TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromMilliseconds(500), "all pieces came at once");
    }

    [Fact]
    public async Task An_error_in_the_middle_of_a_stream_cuts_it_off()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => fn.GetAsync("/broken-stream"));
        Assert.Equal("grüße", await fn.GetAsync("/text"));
    }

    [Fact]
    public async Task An_error_is_a_500_with_the_id_of_a_log_line_that_tells_the_place()
    {
        using var answer = await fn.SendAsync(HttpMethod.Get, "/throw?token=hidden", null, ("User-Agent", "tester"));
        var said = await JsonOf(answer);
        Assert.Equal((HttpStatusCode.InternalServerError, "exception"), (answer.StatusCode, (string?)said["error"]));
        Assert.Equal(["error", "message", "id"], said.AsObject().Select(member => member.Key));
        Assert.Equal([(string)said["id"]!], answer.Headers.GetValues("X-Request-Id"));
        Assert.DoesNotContain("boom", said.ToJsonString(), StringComparison.Ordinal);

        var line = Assert.Single(await LoggedAsync(each => (string?)each["id"] == (string?)said["id"]));
        Assert.Equal(("error", "test/fn", "abcdef012345"), ((string?)line["level"], (string?)line["lambda"], (string?)line["revision"]));
        Assert.Equal(("GET", "/throw", "tester"), ((string?)line["request"]!["method"], (string?)line["request"]!["path"], (string?)line["request"]!["userAgent"]));
        Assert.Contains("boom", (string?)line["error"]!["message"], StringComparison.Ordinal);
        Assert.Contains(runtime.LineOfThrow, (string?)line["error"]!["stack"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_callers_request_id_is_kept_where_it_is_a_sane_one()
    {
        using var given = await fn.SendAsync(HttpMethod.Get, "/throw", null, ("X-Request-Id", "abc-1"));
        Assert.Equal("abc-1", (string?)(await JsonOf(given))["id"]);
        using var odd = await fn.SendAsync(HttpMethod.Get, "/throw", null, ("X-Request-Id", "{\"a\": 1}"));
        Assert.Matches("^[0-9a-f-]{36}$", (string?)(await JsonOf(odd))["id"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_the_limit_is_a_413(bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/echo") { Content = new ByteArrayContent(new byte[3_000_000]) };
        request.Headers.TransferEncodingChunked = chunked;
        using var answer = await fn.Http.SendAsync(request, Stop);
        var said = await JsonOf(answer);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "request_too_large"), (answer.StatusCode, (string?)said["error"]));
        Assert.Contains("FUNCTION_MAX_REQUEST_BYTES", (string?)said["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_over_the_limit_is_a_502()
    {
        Assert.Equal(2_000_000, (await fn.GetAsync("/large?bytes=2000000")).Length);
        using var answer = await fn.SendAsync(HttpMethod.Get, "/large?bytes=2000001");
        var said = await JsonOf(answer);
        Assert.Equal((HttpStatusCode.BadGateway, "response_too_large"), (answer.StatusCode, (string?)said["error"]));
        Assert.Contains("FUNCTION_MAX_RESPONSE_BYTES", (string?)said["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("what is this\r\n\r\n", "400")]
    [InlineData("GET /text HTTP/1.1\r\nHost: a\r\nX-Long: {long}\r\n\r\n", "431")]
    [InlineData("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400")]
    [InlineData("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "400")]
    [InlineData("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400")]
    public async Task A_request_that_is_none_is_refused(string text, string status)
    {
        var answer = await RawConnection.AskAsync(fn.Port, text.Replace("{long}", new string('x', 20_000), StringComparison.Ordinal), Stop);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Equal("grüße", await fn.GetAsync("/text"));
    }

    [Fact]
    public async Task Requests_one_after_another_on_a_connection_are_answered_in_order()
    {
        var answer = await RawConnection.AskAsync(
            fn.Port, "GET /text HTTP/1.1\r\nHost: a\r\n\r\nGET /made HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", Stop);
        Assert.Matches("(?s)^HTTP/1.1 200 .*grüße.*HTTP/1.1 201 .*made$", answer);
    }

    [Fact]
    public async Task Ten_thousand_requests_in_a_row_leave_no_memory_behind()
    {
        async Task<double> LiveAfterAsync(int requests)
        {
            for (var i = 0; i < requests; i++)
            {
                using var answer = await fn.SendAsync(HttpMethod.Post, "/echo", new StringContent("{\"a\":1}", Encoding.UTF8, "application/json"));
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                await answer.Content.ReadAsByteArrayAsync(Stop);
            }

            await fn.GetAsync("/live-bytes");
            return (double)(await JsonOf(await fn.SendAsync(HttpMethod.Get, "/live-bytes")));
        }

        var before = await LiveAfterAsync(2_000);
        var after = await LiveAfterAsync(10_000);
        Assert.True(after - before < 1.5 * 1024 * 1024, $"memory grew from {before} to {after} bytes");
    }

    private async Task<IReadOnlyList<JsonNode>> LoggedAsync(Func<JsonNode, bool> predicate)
    {
        for (var i = 0; i < 100; i++)
        {
            if (fn.Log().Where(predicate).ToList() is { Count: > 0 } lines)
                return lines;
            await Task.Delay(50, Stop);
        }

        return [];
    }

    private static async Task<JsonNode> JsonOf(HttpResponseMessage answer) => JsonNode.Parse(await answer.Content.ReadAsStringAsync(Stop))!;
}
