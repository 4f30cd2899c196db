using System.Net;
using System.Text.Json.Nodes;

namespace Kublambda.Runtimes.Tests;

/// <summary>What only the Python runtime has: Flask's ways of answering, and an interpreter that a function can block or end.</summary>
public sealed class PythonFunctionTests : IDisposable
{
    private readonly DirectoryInfo _source = Directory.CreateTempSubdirectory("python-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _source.Delete(recursive: true);

    [Fact]
    public async Task Flasks_ways_of_answering_work()
    {
        await using var fn = await StartAsync("""
            from flask import abort, after_this_request, g, jsonify, make_response, redirect, request, session, stream_with_context, current_app

            def handler(req):
                match request.path:
                    case "/abort": abort(404, "not here")
                    case "/jsonify": return jsonify(a=[1])
                    case "/make": return make_response("made", 201)
                    case "/redirect": return redirect("/next")
                    case "/g":
                        g.x = 1
                        return {"x": g.x, "app": current_app.name, "session": "a" in session}
                    case "/after":
                        @after_this_request
                        def mark(response):
                            response.headers["X-After"] = "yes"
                            return response
                        return "after"
                    case "/stream": return stream_with_context(f"{request.path} {i}\n" for i in range(2))
                    case "/form": return {"form": req.form.to_dict(), "file": req.files["f"].read().decode()}
            """);
        using var abort = await fn.SendAsync(HttpMethod.Get, "/abort");
        Assert.Equal(HttpStatusCode.NotFound, abort.StatusCode);
        Assert.Equal("{\"a\":[1]}", (await fn.GetAsync("/jsonify")).Trim());
        using var made = await fn.SendAsync(HttpMethod.Get, "/make");
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Contains("HTTP/1.1 302 ", await RawConnection.AskAsync(fn.Port, "GET /redirect HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", Stop), StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"x":1,"app":"main","session":false}"""), JsonNode.Parse(await fn.GetAsync("/g"))));
        using var after = await fn.SendAsync(HttpMethod.Get, "/after");
        Assert.Equal(["yes"], after.Headers.GetValues("X-After"));
        Assert.Equal("/stream 0\n/stream 1\n", await fn.GetAsync("/stream"));
        using var text = new StringContent("v");
        using var file = new ByteArrayContent("file"u8.ToArray());
        using var form = new MultipartFormDataContent { { text, "k" }, { file, "f", "f.txt" } };
        using var answer = await fn.SendAsync(HttpMethod.Post, "/form", form);
        Assert.Equal("{\"file\":\"file\",\"form\":{\"k\":\"v\"}}", (await answer.Content.ReadAsStringAsync(Stop)).Trim());
    }

    [Fact]
    public async Task Decorators_of_the_functions_framework_work_without_its_package()
    {
        await using var fn = await StartAsync("""
            import functions_framework
            from cloudevents.http import CloudEvent

            @functions_framework.errorhandler(ZeroDivisionError)
            def divided(error):
                return "divided", 418

            @functions_framework.cloud_event
            def handler(event: CloudEvent):
                return str(1 // int(event["id"]))
            """);
        async Task<HttpStatusCode> PostAsync(string id)
        {
            using var answer = await fn.SendAsync(HttpMethod.Post, "/", null, ("ce-specversion", "1.0"), ("ce-id", id), ("ce-source", "/"), ("ce-type", "t"));
            return answer.StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, await PostAsync("1"));
        Assert.Equal((HttpStatusCode)418, await PostAsync("0"));
    }

    [Theory]
    [InlineData("import re\n\ndef handler(request):\n    if request.path == '/block':\n        re.match(r'(a+)+$', 'a' * 64 + 'b')\n    return ''\n", 70, "blocked the interpreter for longer than its timeout of 0.5 s (at main.py:5 in handler)")]
    [InlineData("import os\n\ndef handler(request):\n    if request.path == '/block':\n        os._exit(3)\n    return ''\n", 3, "ended its own process with exit code 3")]
    [InlineData("import ctypes\n\ndef handler(request):\n    if request.path == '/block':\n        ctypes.string_at(0)\n    return ''\n", 139, "killed by the signal SIGSEGV (at main.py:5 in handler)")]
    public async Task A_process_that_is_lost_says_where(string code, int exitCode, string words)
    {
        await using var fn = await StartAsync(code, ("FUNCTION_TIMEOUT_SECONDS", "0.5"));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => fn.GetAsync("/block"));
        Assert.Equal(exitCode, await fn.ExitCodeAsync());
        var said = await File.ReadAllTextAsync(fn.TerminationLog, Stop);
        Assert.Contains(words, said, StringComparison.Ordinal);
        Assert.Contains("\nRemedy: ", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_loop_without_end_is_interrupted_and_calls_that_hang_in_C_end_the_process_when_there_are_too_many()
    {
        await using var fn = await StartAsync("""
            import time

            def handler(request):
                if request.path == "/loop":
                    while True:
                        pass
                if request.path == "/hang":
                    time.sleep(3600)
                return "fine"
            """, ("FUNCTION_TIMEOUT_SECONDS", "0.5"), ("FUNCTION_CONCURRENCY", "10"));
        using var loop = await fn.SendAsync(HttpMethod.Get, "/loop");
        Assert.Equal(HttpStatusCode.GatewayTimeout, loop.StatusCode);
        Assert.Equal("fine", await fn.GetAsync("/"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => fn.SendAsync(HttpMethod.Get, "/hang")));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode));
        Assert.Equal("fine", await fn.GetAsync("/"));
        Assert.Equal(70, await fn.ExitCodeAsync());
        Assert.Contains("10 calls of the function did not end although their time was up (at main.py:8 in handler)", await File.ReadAllTextAsync(fn.TerminationLog, Stop), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("def handler(request):\n    return 'x\n", 65, "SyntaxError: unterminated string literal", "main.py:2")]
    [InlineData("import nowhere\n", 65, "No module named 'nowhere' (at main.py:1", "requirements.txt")]
    [InlineData("def f():\n    raise ValueError('no')\n\nf()\n", 65, "ValueError: no (at main.py:2 in f)", "must not raise")]
    [InlineData("import sys\nsys.exit(4)\n", 65, "it called sys.exit(4)", "must not raise")]
    [InlineData("def hello(request):\n    return ''\n", 64, "main.py defines \"hello\"", "set the handler to \"main.hello\"")]
    [InlineData("handler = 1\n", 64, "\"handler\" as int", "def")]
    [InlineData("import time\ntime.sleep(60)\n", 66, "took longer than 3 s", "(at main.py:2 in <module>)")]
    public async Task Code_that_does_not_load_is_named_with_its_place(string code, int exitCode, string cause, string remedy)
    {
        await File.WriteAllTextAsync(Path.Combine(_source.FullName, "main.py"), code, Stop);
        await using var fn = FunctionProcess.Launch(RuntimeUnderTest.Python, "main.handler", ("FUNCTION_SOURCE", _source.FullName), ("FUNCTION_LOAD_TIMEOUT_SECONDS", "3"));
        Assert.Equal(exitCode, await fn.ExitCodeAsync());
        var said = await File.ReadAllTextAsync(fn.TerminationLog, Stop);
        Assert.Contains(cause, said, StringComparison.Ordinal);
        Assert.Contains(remedy, said, StringComparison.Ordinal);
    }

    private async Task<FunctionProcess> StartAsync(string code, params (string Name, string Value)[] settings)
    {
        await File.WriteAllTextAsync(Path.Combine(_source.FullName, "main.py"), code, Stop);
        return await FunctionProcess.StartAsync(RuntimeUnderTest.Python, "main.handler", [.. settings, ("FUNCTION_SOURCE", _source.FullName)]);
    }
}
