using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using Kublambda.Tests;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Chaos;

/// <summary>Objects change while everything an event passes is killed: nothing is lost, order is kept, duplicates are equal.</summary>
[Collection(DisturbsThePlatform.Name)]
public sealed class WatchChaosTests(TestNamespace<WatchChaosTests> space, TestCluster cluster) : IClassFixture<TestNamespace<WatchChaosTests>>
{
    /// <summary>Keeps what it is given, in the order it came. Nobody kills it.</summary>
    private const string Collector = """
        const got = [];
        exports.handler = (req) => {
          if (req.method === 'POST') { got.push(req.body); return { status: 204, headers: {}, body: '' }; }
          const from = Number(req.query.from ?? 0);
          return { count: got.length, got: got.slice(from, from + 2000) };
        };
        """;

    /// <summary>Answers only when the collector has it.</summary>
    private const string Function = """
        exports.handler = async (event) => {
          const { object, oldObject } = event.data;
          const told = { id: event.id, what: event.type.split('.').pop(), name: event.name, uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion,
            version: Number(object.data.v), oldVersion: oldObject ? Number(oldObject.data.v) : null };
          const answer = await fetch(process.env.COLLECTOR, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(told) });
          if (!answer.ok) throw new Error(`the collector says ${answer.status}`);
        };
        """;

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    [Fact]
    public Task Of_a_thousand_changes_none_is_lost_while_everything_is_killed_once() => RunAsync(changes: 1_000, perSecond: 25, mostOfRabbitMq: 1, seed: 1, drainSeconds: 240);

    /// <summary>Run by <c>make chaos-watch</c>.</summary>
    [Fact(Explicit = true)]
    [Trait("category", "chaos-watch")]
    public async Task Of_ten_thousand_changes_none_is_lost_while_everything_is_killed_again_and_again()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("CHAOS_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next(10_000);
        await RunAsync(changes: 10_000, perSecond: 40, mostOfRabbitMq: 4, seed, drainSeconds: 600);
    }

    private async Task RunAsync(int changes, int perSecond, int mostOfRabbitMq, int seed, int drainSeconds)
    {
        Assert.SkipUnless(Processes.AreHere, "The node's processes are not on this machine: chaos needs the local cluster (`make up`).");
        var collector = ALambda("collector").WithInline("index.js", Collector).WithReplicas(1, 1);
        var function = ALambda("function").WithInline("index.js", Function).WithReplicas(2, 2).WithEnv("COLLECTOR", $"http://collector.{space.Name}.svc").With(spec => spec with
        {
            Signature = Signatures.CloudEvent,
            Triggers = [new() { Name = "maps", Resource = new() { ApiVersion = "v1", Kind = "ConfigMap", LabelSelector = $"of={Changer.Label}" } }],
        });
        await space.ApplyAsync([collector, function]);
        var (keeps, calls) = (await space.ReadyAsync("collector"), await space.ReadyAsync("function"));

        var changer = new Changer(cluster.Api, space.Name, objects: 200, perSecond);
        var monkey = new WatchMonkey(cluster, space, calls, seed, mostOfRabbitMq);
        var (clock, changing) = (Stopwatch.StartNew(), TimeSpan.Zero);
        using (var stop = new CancellationTokenSource())
        {
            var killing = monkey.RunAsync(stop.Token);
            await changer.RunAsync(changes, seed, TestContext.Current.CancellationToken);
            changing = clock.Elapsed;
            await stop.CancelAsync();
            await killing;
        }

        Verdict? verdict = null;
        string All() => $"seed {seed}: {verdict}; all told {clock.Elapsed.TotalSeconds:0} s after the first change, {changing.TotalSeconds:0} s of them changes{Environment.NewLine}{monkey.Story}";
        try
        {
            verdict = await Eventually.HoldsAsync(
                "all changes to be told", async () => Verdict.Of(changer.Ledger, await ToldAsync(keeps)), v => (verdict = v).Lost.Count == 0, drainSeconds,
                v => $"{v}: {string.Join("; ", v.Lost.Take(10))}", async () => All() + await Diagnosis.OfAsync(cluster, space.Name, "function"));
        }
        finally
        {
            TestContext.Current.TestOutputHelper?.WriteLine(All());
            await ResultAsync(seed, verdict, monkey, changing, clock.Elapsed);
        }

        Assert.True(verdict.OutOfOrder.Count == 0, $"{All()}{Environment.NewLine}{string.Join("; ", verdict.OutOfOrder.Take(10))}");
        Assert.True(verdict.UnequalIds.Count == 0, $"{All()}{Environment.NewLine}{string.Join("; ", verdict.UnequalIds.Take(10))}");
        Assert.True(monkey.Kills.Count == 4, $"the monkey was lazy: {All()}");
        await cluster.Platform.IsUpAsync(seconds: 420);
        await space.ReadyAsync("function");
    }

    private async Task<IReadOnlyList<Told>> ToldAsync(Lambda collector)
    {
        var told = new List<Told>();
        while (true)
        {
            var answer = await space.CallAsync(collector, string.Create(CultureInfo.InvariantCulture, $"/?from={told.Count}")).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
            if (answer.Status != HttpStatusCode.OK)
                throw new IOException(answer.ToString());
            using var page = JsonDocument.Parse(answer.Body);
            told.AddRange(page.RootElement.GetProperty("got").EnumerateArray().Select(e => e.Deserialize<Told>(JsonSerializerOptions.Web)!));
            if (told.Count >= page.RootElement.GetProperty("count").GetInt32())
                return told;
        }
    }

    /// <summary>The long run leaves its figures where those of the benchmarks lie.</summary>
    private static async Task ResultAsync(int seed, Verdict? verdict, WatchMonkey monkey, TimeSpan changing, TimeSpan all)
    {
        if (verdict is null or { Changes: < 10_000 })
            return;
        var file = Path.Combine(Checkout.Root(), "bench", "results", "chaos-watch.json");
        var result = new
        {
            at = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            seed,
            objects = 200,
            verdict.Changes,
            verdict.Events,
            verdict.Duplicates,
            lost = verdict.Lost.Count,
            outOfOrder = verdict.OutOfOrder.Count,
            unequalIds = verdict.UnequalIds.Count,
            changingSeconds = Math.Round(changing.TotalSeconds, 1),
            allToldSeconds = Math.Round(all.TotalSeconds, 1),
            kills = monkey.Kills,
        };
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(result, Indented) + "\n");
    }
}
