using System.Net;
using System.Text.Json;
using Kublambda.Contracts.Resources;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>A function that keeps the events it is called with, in memory, and gives them back to a GET.</summary>
public static class Recorder
{
    /// <summary>What it answers to an event: 204, or the status of the last <c>?answer=</c>, after the milliseconds of the last <c>?delay=</c>.</summary>
    private const string Code = """
        const got = [];
        let answer = 204, delay = 0;
        exports.handler = async (req) => {
          if (req.method === 'GET') {
            answer = Number(req.query.answer ?? answer);
            delay = Number(req.query.delay ?? delay);
            return { answer, delay, got };
          }
          await new Promise((done) => setTimeout(done, delay));
          const attributes = Object.fromEntries(Object.entries(req.headers).filter(([name]) => name.startsWith('ce-')).map(([name, value]) => [name.slice(3), value]));
          got.push({ ...attributes, answer, object: req.body.object, oldObject: req.body.oldObject ?? null });
          return { status: answer, headers: {}, body: '' };
        };
        """;

    public static LambdaBuilder ARecorder(string name, params (string Name, ResourceTrigger Trigger)[] triggers) =>
        LambdaBuilder.ALambda(name).WithInline("index.js", Code).WithReplicas(1, 1).With(spec => spec with
        {
            Triggers = [.. spec.Triggers ?? [], .. triggers.Select(t => new TriggerSpec { Name = t.Name, Resource = t.Trigger })],
        });

    public static ResourceTrigger ConfigMaps(string? labelSelector = null) => new() { ApiVersion = "v1", Kind = "ConfigMap", LabelSelector = labelSelector };

    /// <summary>What it got so far.</summary>
    public static async Task<IReadOnlyList<RecordedEvent>> RecordedAsync(this LambdaSpace space, Lambda lambda, string query = "")
    {
        var answer = await space.CallAsync(lambda, $"/{query}").WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        if (answer.Status != HttpStatusCode.OK)
            throw new IOException(answer.ToString());
        using var body = JsonDocument.Parse(answer.Body);
        return [.. body.RootElement.GetProperty("got").EnumerateArray().Select(e => new RecordedEvent(e.Clone()))];
    }

    public static Task<IReadOnlyList<RecordedEvent>> RecordsAsync(
        this LambdaSpace space, Lambda lambda, string what, Func<IReadOnlyList<RecordedEvent>, bool> holds, int seconds = 60) =>
        Eventually.HoldsAsync(
            $"{lambda.Metadata.Name} to be told {what}", () => space.RecordedAsync(lambda), holds, seconds,
            got => string.Join("; ", got.Select(e => e.Short)), () => Diagnosis.OfAsync(space.Cluster, space.Name, lambda.Metadata.Name));
}

/// <summary>One event as the function got it.</summary>
public sealed record RecordedEvent(JsonElement Json)
{
    public string Trigger => this["trigger"];
    public string Id => this["id"];

    /// <summary>Name of the object.</summary>
    public string Name => this["name"];

    /// <summary><c>added</c>, <c>modified</c> or <c>deleted</c>.</summary>
    public string What => this["type"].Split('.')[^1];

    /// <summary><c>trigger what name</c>.</summary>
    public string Short => $"{Trigger} {What} {Name}";

    public string this[string attribute] => Json.TryGetProperty(attribute, out var value) ? value.ToString() : "";
}
