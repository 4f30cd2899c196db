using System.Runtime.CompilerServices;
using CloudNative.CloudEvents;
using Microsoft.AspNetCore.Http;

namespace Suite;

/// <summary>The function of the conformance suite. Those of the other languages do the same: ../README.md.</summary>
public static class Function
{
    private static int running;
    private static int most;
    private static int left;

    public static async Task<object?> Handler(HttpContext context)
    {
        var request = context.Request;
        switch (request.Path.Value)
        {
            case "/echo":
                using (var body = new MemoryStream())
                {
                    await request.Body.CopyToAsync(body);
                    return new
                    {
                        request.Method,
                        Path = request.Path.Value,
                        Query = request.Query.ToDictionary(q => q.Key, q => q.Value.ToString()),
                        Header = request.Headers["X-Test"].ToString(),
                        Body = Convert.ToBase64String(body.ToArray()),
                    };
                }

            case "/bytes":
                using (var body = new MemoryStream())
                {
                    await request.Body.CopyToAsync(body);
                    return body.ToArray();
                }

            case "/made":
                context.Response.StatusCode = 201;
                context.Response.Headers["X-Made"] = "yes";
                return "made";
            case "/json":
                return new { Hello = "Ada", List = new object?[] { 1, null, "ü" } };
            case "/text":
                return "grüße";
            case "/nothing":
                return null;
            case "/stream":
                return Pieces();
            case "/broken-stream":
                return Broken();
            case "/throw":
                throw new InvalidOperationException("boom");
            case "/slow":
                await Task.Delay(int.Parse(request.Query["ms"]!, null), context.RequestAborted);
                return "slow";
            case "/large":
                return new byte[int.Parse(request.Query["bytes"]!, null)];
            case "/busy":
                var now = Interlocked.Increment(ref running);
                most = Math.Max(most, now);
                await Task.Delay(300);
                Interlocked.Decrement(ref running);
                return new { Most = most };
            case "/endless":
                return Endless(context.RequestAborted);
            case "/left":
                return new { Left = left };
            case "/header":
                context.Response.Headers["X-Value"] = request.Query["value"];
                return "set";
            case "/live-bytes":
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return GC.GetTotalMemory(forceFullCollection: true);
            default:
                return "";
        }
    }

    public static object? Event(CloudEvent cloudEvent) => cloudEvent.Type switch
    {
        "throw" => throw new InvalidOperationException("boom"),
        "silent" => null,
        _ => new
        {
            Attributes = cloudEvent.GetPopulatedAttributes().ToDictionary(a => a.Key.Name, a => a.Key.Format(a.Value)).Append(new("specversion", cloudEvent.SpecVersion.VersionId)).ToDictionary(),
            Data = cloudEvent.Data is byte[] bytes ? new { Base64 = Convert.ToBase64String(bytes) } : cloudEvent.Data,
        },
    };

    private static async IAsyncEnumerable<string> Pieces()
    {
        foreach (var piece in new[] { "one", "two", "three" })
        {
            yield return $"{piece}\n";
            await Task.Delay(300);
        }
    }

    private static async IAsyncEnumerable<string> Endless([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                yield return "on\n";
                await Task.Delay(20, cancellationToken);
            }
        }
        finally
        {
            left++;
        }
    }

    private static async IAsyncEnumerable<string> Broken()
    {
        yield return "part";
        await Task.Delay(50);
        throw new InvalidOperationException("in the middle");
    }
}
