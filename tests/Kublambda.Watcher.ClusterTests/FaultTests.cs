using k8s;
using Kublambda.Tests;

namespace Kublambda.Watcher.ClusterTests;

/// <summary>Everything is killed at random while objects change: no transition may be missing, and none out of order.</summary>
public sealed class FaultTests(Cluster cluster)
{
    private const int Objects = 200;
    private const int Writers = 4;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(60);

    [Fact(Explicit = true)]
    public async Task Nothing_is_lost_and_the_order_of_each_object_is_kept_whatever_is_killed()
    {
        await using var broker = new RabbitMqServer();
        await broker.StartAsync();
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        var random = new Random(4);
        var refuse = 0;
        scenario.Function.Answer = _ => Task.FromResult(Volatile.Read(ref refuse) == 1 ? 503 : 200);
        await scenario.StartAsync();

        await Task.Delay(2000, TestContext.Current.CancellationToken); // RabbitMQ 3 writes down with a delay that queues are there
        var done = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Writers).Select(i => WriteAsync(scenario, i, done.Token)).ToList();
        var until = DateTime.UtcNow + Duration;
        var kills = new Dictionary<string, int> { ["watcher"] = 0, ["broker"] = 0, ["API server"] = 0, ["function"] = 0 };
        while (DateTime.UtcNow < until)
        {
            await Task.Delay(random.Next(500, 4000), TestContext.Current.CancellationToken);
            var victim = kills.Keys.ElementAt(random.Next(10) switch { < 4 => 0, < 5 => 1, < 8 => 2, _ => 3 });
            kills[victim]++;
            switch (victim)
            {
                case "watcher":
                    await scenario.Watcher!.DisposeAsync();
                    await Task.Delay(random.Next(0, 2000), TestContext.Current.CancellationToken);
                    await scenario.StartAsync(untilReady: false);
                    break;
                case "broker":
                    await broker.KillAsync();
                    await broker.StartAsync();
                    break;
                case "API server":
                    // A new one has no history in its cache.
                    scenario.Proxy.Down = true;
                    scenario.Proxy.Cut();
                    await Task.Delay(random.Next(0, 2000), TestContext.Current.CancellationToken);
                    var list = await cluster.Client.CoreV1.ListNamespacedConfigMapAsync("default", limit: 1);
                    scenario.Proxy.ForgottenBefore = ulong.Parse(list.Metadata.ResourceVersion, null);
                    scenario.Proxy.Down = false;
                    break;
                default:
                    Volatile.Write(ref refuse, 1);
                    await Task.Delay(random.Next(0, 2000), TestContext.Current.CancellationToken);
                    Volatile.Write(ref refuse, 0);
                    break;
            }
        }

        await done.CancelAsync();
        var written = (await Task.WhenAll(writers)).SelectMany(each => each).ToDictionary(each => each.Key, each => each.Value);
        var expected = written.Values.Sum(each => each.Count);
        List<Call> Distinct() => [.. scenario.Function.Taken.DistinctBy(call => call.Id)];
        for (var i = 0; i < 240 && Distinct().Count < expected; i++)
            await Task.Delay(500, TestContext.Current.CancellationToken);

        var delivered = Distinct().GroupBy(call => call.Subject.Split('/')[1]).ToDictionary(each => each.Key, each => each.Select(call => $"{call.Event} {call.Value("value")}").ToList());
        var wrong = written.Where(each => each.Value.Count > 0 && !each.Value.SequenceEqual(delivered.GetValueOrDefault(each.Key, [])))
            .Select(each => $"{each.Key}: written {string.Join(", ", each.Value)}; delivered {string.Join(", ", delivered.GetValueOrDefault(each.Key, []))}").ToList();
        var doubled = scenario.Function.Taken.Count() - Distinct().Count;
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{expected} transitions of {written.Count} objects, {string.Join(", ", kills.Select(each => $"{each.Value} x {each.Key}"))} killed, {doubled} doubled");
        Assert.True(wrong.Count == 0, $"{wrong.Count} objects differ:\n{string.Join('\n', wrong.Take(5))}\n{scenario.Log()}");
        Assert.True(expected > 500, $"{expected} transitions are too few to say anything");
    }

    /// <summary>Changes objects, each again and again, until it is enough; returns what it did to each.</summary>
    private static async Task<Dictionary<string, List<string>>> WriteAsync(Scenario scenario, int writer, CancellationToken done)
    {
        var random = new Random(writer);
        var all = Enumerable.Range(0, Objects / Writers).ToDictionary(i => $"m{writer}-{i}", _ => new List<string>());
        for (var value = 1; !done.IsCancellationRequested; value++)
        {
            var (name, history) = all.ElementAt(random.Next(all.Count));
            var there = history.Count > 0 && !history[^1].StartsWith("deleted", StringComparison.Ordinal);
            if (!there)
            {
                await scenario.CreateAsync(name, $"{value}");
                history.Add($"added {value}");
            }
            else if (random.Next(5) == 0)
            {
                await scenario.DeleteAsync(name);
                history.Add($"deleted {history[^1].Split(' ')[1]}");
            }
            else
            {
                await scenario.SetAsync(name, $"{value}");
                history.Add($"modified {value}");
            }

            await Task.Delay(20, CancellationToken.None);
        }

        return all;
    }
}
