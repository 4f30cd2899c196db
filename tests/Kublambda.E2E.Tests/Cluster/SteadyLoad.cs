using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>
/// Requests at a fixed rate, whatever the answers take. Every second one opens a connection of its own, the others keep theirs,
/// so that both the loss of a pod and the loss of a kept connection would be seen. No request is tried twice by the test.
/// </summary>
public sealed class SteadyLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly HttpClient http;
    private readonly Uri url;
    private readonly ConcurrentQueue<Call> calls = new();
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly Task running;

    public SteadyLoad(string url, int perSecond)
    {
        this.url = new(url);
        http = new() { Timeout = TimeSpan.FromSeconds(30) };
        running = RunAsync(perSecond);
    }

    /// <summary>Answers so far.</summary>
    public IReadOnlyList<Call> Calls => [.. calls];

    /// <summary>Those without a 200.</summary>
    public IReadOnlyList<Call> Failures => [.. calls.Where(c => c.Status != HttpStatusCode.OK)];

    /// <summary>Waits until this text comes, and comes alone for a while.</summary>
    public Task TurnsToAsync(string text, int seconds, Func<Task<string>> explain) =>
        Eventually.HoldsAsync(
            $"the answers under load to turn to \"{text}\"", () => Task.FromResult(calls.TakeLast(100).ToList()),
            last => last.Count == 100 && last.All(c => c.Body == text), seconds, last => last.LastOrDefault()?.ToString() ?? "no answer", explain);

    /// <summary>Ends, waits for the last answers, and says what happened.</summary>
    public async Task<string> EndAsync()
    {
        await stop.CancelAsync();
        await running;
        var answers = string.Join(", ", calls.GroupBy(c => c.Body).Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Count()} x \"{g.Key}\"")));
        return $"{calls.Count} calls: {answers}; failures: {string.Join("; ", Failures.Take(10))}";
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        http.Dispose();
        stop.Dispose();
    }

    private async Task RunAsync(int perSecond)
    {
        var under = new List<Task>();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / perSecond));
        try
        {
            for (var i = 0; await timer.WaitForNextTickAsync(stop.Token); i++)
                under.Add(CallAsync(ownConnection: i % 2 == 0));
        }
        catch (OperationCanceledException)
        {
            // The end of the load.
        }

        await Task.WhenAll(under);
    }

    private async Task CallAsync(bool ownConnection)
    {
        var at = clock.Elapsed;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.ConnectionClose = ownConnection;
            using var response = await http.SendAsync(request);
            calls.Enqueue(new(at, response.StatusCode, await response.Content.ReadAsStringAsync()));
        }
        catch (Exception e)
        {
            calls.Enqueue(new(at, null, $"{(ownConnection ? "own" : "kept")} connection: {e.GetBaseException().Message}"));
        }
    }

    /// <summary>One call: when it began, its status (null without an answer), its body or error.</summary>
    public sealed record Call(TimeSpan At, HttpStatusCode? Status, string Body);
}
