using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kublambda.Watcher.ClusterTests;

/// <summary>One call of the function.</summary>
public sealed record Call(string Id, string Type, string Source, string Subject, string Trigger, string ContentType, JsonElement Data, int Answer)
{
    public string Event => Type[(Type.LastIndexOf('.') + 1)..];

    /// <summary>For example <c>modified ns/name</c>.</summary>
    public string Short => $"{Event} {Subject[(Subject.IndexOf('/', StringComparison.Ordinal) + 1)..]}";

    public string? Value(string member) => Read(Data.GetProperty("object"), member);

    public string? OldValue(string member) => Data.GetProperty("oldObject") is { ValueKind: JsonValueKind.Object } old ? Read(old, member) : null;

    private static string? Read(JsonElement item, string member) =>
        item.TryGetProperty("data", out var data) && data.TryGetProperty(member, out var value) ? value.GetString() : null;
}

/// <summary>In place of a function: keeps what it is called with, and answers as the test wants.</summary>
public sealed class FunctionServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    public FunctionServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    public ConcurrentQueue<Call> Calls { get; } = new();

    /// <summary>Those answered with 2xx.</summary>
    public IEnumerable<Call> Taken => Calls.Where(call => call.Answer is >= 200 and < 300);

    /// <summary>What the function does with a call: the status it answers.</summary>
    public Func<HttpRequest, Task<int>> Answer { get; set; } = _ => Task.FromResult(204);

    public string Address { get; private set; } = "";

    public async Task<FunctionServer> StartAsync()
    {
        await _app.StartAsync();
        Address = _app.Urls.First();
        return this;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        var data = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
        string Header(string name) => context.Request.Headers[name].ToString();
        Debug.Assert(Header("ce-specversion") == "1.0", "the version of CloudEvents");
        var answer = await Answer(context.Request);
        Calls.Enqueue(new Call(
            Header("ce-id"), Header("ce-type"), Header("ce-source"), Header("ce-subject"), Header("ce-trigger"), Header("content-type"), data, answer));
        context.Response.StatusCode = answer;
    }
}
