using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Kublambda.Runtimes.Tests;

/// <summary>Functions as they are written for the Functions Framework for Python: coroutines, Starlette's requests, types, its own package.</summary>
public sealed class PythonFrameworkTests : IDisposable
{
    private static readonly (string, string)[] Event = [("ce-specversion", "1.0"), ("ce-id", "7"), ("ce-source", "/s"), ("ce-type", "t")];
    private readonly DirectoryInfo _source = Directory.CreateTempSubdirectory("python-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _source.Delete(recursive: true);

    [Fact]
    public async Task Coroutines_answer_as_functions_do_and_run_side_by_side()
    {
        await using var fn = await StartAsync("""
            import asyncio
            from flask import request as current

            gate = None

            async def handler(request):
                global gate
                match request.path:
                    case "/wait":
                        gate = gate or asyncio.Event()
                        await gate.wait()
                        return {"path": current.path}, 201, {"X-Made": "yes"}
                    case "/open":
                        gate.set()
                    case "/pieces":
                        return pieces()
                    case "/throw":
                        raise ValueError("boom")

            async def pieces():
                for n in range(3):
                    yield f"{n}\n"
                    await asyncio.sleep(0)
            """);
        var waiting = Enumerable.Range(0, 5).Select(_ => fn.SendAsync(HttpMethod.Get, "/wait")).ToList();
        while (await fn.MetricAsync("kublambda_function_requests_in_flight") < 5)
            await Task.Delay(20, Stop);
        using var opened = await fn.SendAsync(HttpMethod.Get, "/open");
        Assert.Equal(HttpStatusCode.NoContent, opened.StatusCode);
        foreach (var answer in await Task.WhenAll(waiting))
        {
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            Assert.Equal(["yes"], answer.Headers.GetValues("X-Made"));
            Assert.Equal("/wait", (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Stop))!["path"]);
        }

        Assert.Equal("0\n1\n2\n", await fn.GetAsync("/pieces"));
        using var thrown = await fn.SendAsync(HttpMethod.Get, "/throw");
        Assert.Equal(HttpStatusCode.InternalServerError, thrown.StatusCode);
        Assert.Contains("in handler", (string?)fn.Log().Single(line => (string?)line["level"] == "error")["error"]!["stack"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_coroutine_that_waits_too_long_is_cancelled_and_one_that_blocks_all_others_ends_the_process_with_its_place()
    {
        await using var fn = await StartAsync("""
            import asyncio, time

            async def handler(request):
                if request.path == "/wait":
                    try:
                        await asyncio.sleep(3600)
                    finally:
                        print("cancelled", flush=True)
                if request.path == "/block":
                    time.sleep(3600)
                return "fine"
            """, ("FUNCTION_TIMEOUT_SECONDS", "0.5"));
        using var late = await fn.SendAsync(HttpMethod.Get, "/wait");
        Assert.Equal(HttpStatusCode.GatewayTimeout, late.StatusCode);
        Assert.Equal("fine", await fn.GetAsync("/"));
        Assert.Contains("cancelled", fn.Output, StringComparison.Ordinal);
        using var blocked = await fn.SendAsync(HttpMethod.Get, "/block");
        Assert.Equal(HttpStatusCode.GatewayTimeout, blocked.StatusCode);
        Assert.Equal(70, await fn.ExitCodeAsync());
        Assert.Contains("A coroutine blocked the event loop for longer than the timeout of 0.5 s (at main.py:10 in handler)", await File.ReadAllTextAsync(fn.TerminationLog, Stop), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/json", 201, "{\"n\":3,\"q\":\"1\"}")]
    [InlineData("/stream", 200, "012")]
    [InlineData("/tea", 418, "no coffee")]
    [InlineData("/pair", 202, "{\"a\":1}")]
    [InlineData("/text", 200, "text")]
    public async Task Functions_of_aio_take_starlettes_request_and_answer_with_its_responses(string path, int status, string said)
    {
        await using var fn = await StartAsync("""
            import functions_framework.aio
            from starlette.exceptions import HTTPException
            from starlette.responses import JSONResponse, StreamingResponse

            async def numbers():
                for n in range(3):
                    yield str(n)

            @functions_framework.aio.http
            async def handler(request):
                match request.url.path:
                    case "/json": return JSONResponse({"n": (await request.json())["n"], "q": request.query_params["q"]}, 201)
                    case "/stream": return StreamingResponse(numbers(), media_type="text/plain")
                    case "/tea": raise HTTPException(418, "no coffee")
                    case "/pair": return {"a": 1}, 202
                    case _: return "text"
            """);
        using var answer = await fn.SendAsync(HttpMethod.Post, $"{path}?q=1", new StringContent("{\"n\":3}", Encoding.UTF8, "application/json"));
        Assert.Equal((status, said), ((int)answer.StatusCode, (await answer.Content.ReadAsStringAsync(Stop)).Trim()));
    }

    [Theory]
    [InlineData("@functions_framework.typed(Order)\ndef handler(order):")]
    [InlineData("@functions_framework.typed\ndef handler(order: Order):")]
    public async Task Typed_functions_take_and_give_objects(string head)
    {
        await using var fn = await StartAsync($$"""
            import functions_framework

            class Order:
                def __init__(self, count):
                    self.count = count

                @classmethod
                def from_dict(cls, data):
                    return cls(data["count"])

                def to_dict(self):
                    return {"count": self.count}

            {{head}}
                return Order(order.count + 1)
            """);
        Assert.Equal((HttpStatusCode.OK, "{\"count\":4}"), await PostAsync(fn, "{\"count\":3}"));
        var (status, said) = await PostAsync(fn, "{}");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("The request is no Order: KeyError: 'count'", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("async ")]
    [InlineData("")]
    public async Task Functions_that_bring_the_framework_along_are_called_as_its_registry_says(string coroutine)
    {
        // What the package keeps: names of functions, and their signatures.
        var package = _source.CreateSubdirectory("python_packages/functions_framework").FullName;
        await File.WriteAllTextAsync(Path.Combine(package, "_function_registry.py"), "REGISTRY_MAP = {}\nINPUT_TYPE_MAP = {}\nASGI_FUNCTIONS = set()\n", Stop);
        await File.WriteAllTextAsync(Path.Combine(package, "__init__.py"), """
            import functools
            from functions_framework import _function_registry

            def cloud_event(func):
                _function_registry.REGISTRY_MAP[func.__name__] = "cloudevent"

                @functools.wraps(func)
                def wrapper(*args, **kwargs):
                    return func(*args, **kwargs)
                return wrapper

            class DummyErrorHandler:
                def __call__(self, *args, **kwargs):
                    return self

            errorhandler = DummyErrorHandler()
            """, Stop);
        await using var fn = await StartAsync($$"""
            import functions_framework

            @functions_framework.errorhandler(ZeroDivisionError)
            def divided(error):
                return "divided", 418

            @functions_framework.cloud_event
            {{coroutine}}def handler(event):
                return str(8 // int(event["id"]))
            """);
        Assert.Equal((HttpStatusCode.OK, "1"), await PostAsync(fn, "", Event));
        Assert.Equal(((HttpStatusCode)418, "divided"), await PostAsync(fn, "", [.. Event[..1], ("ce-id", "0"), .. Event[2..]]));
    }

    private static async Task<(HttpStatusCode Status, string Said)> PostAsync(FunctionProcess fn, string body, params (string, string)[] headers)
    {
        using var answer = await fn.SendAsync(HttpMethod.Post, "/", new StringContent(body, Encoding.UTF8, "application/json"), headers);
        return (answer.StatusCode, (await answer.Content.ReadAsStringAsync(Stop)).Trim());
    }

    private async Task<FunctionProcess> StartAsync(string code, params (string Name, string Value)[] settings)
    {
        await File.WriteAllTextAsync(Path.Combine(_source.FullName, "main.py"), code, Stop);
        return await FunctionProcess.StartAsync(RuntimeUnderTest.Python, "main.handler", [.. settings, ("FUNCTION_SOURCE", _source.FullName)]);
    }
}
