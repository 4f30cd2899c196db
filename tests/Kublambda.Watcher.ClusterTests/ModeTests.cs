using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Tests;
using Kublambda.Triggers;

namespace Kublambda.Watcher.ClusterTests;

/// <summary>A shared watcher, and an installation that changes to it and back. There is one on a broker at a time.</summary>
public sealed class ModeTests(Cluster cluster, RabbitMqServer broker)
{
    [Fact]
    public async Task A_shared_watcher_takes_over_and_gives_back_and_nothing_is_lost_or_told_twice()
    {
        await using var scenario = await Scenario.BeginAsync(
            cluster, broker, ("maps", Scenario.Maps()), ("field", Scenario.Maps() with { FieldSelector = "metadata.name=stays" }));
        foreach (var name in new[] { "stays", "goes-1", "goes-2", "goes-3" })
            await scenario.CreateAsync(name);
        await scenario.StartAsync();
        await scenario.SetAsync("stays", "2");
        await scenario.TakesAsync(2);
        await scenario.Watcher!.StopAsync();
        await GapAsync(scenario, 1);

        Shared(scenario, "Shared");
        await scenario.StartAsync();
        await scenario.TakesAsync(8);
        await Cluster.EventuallyAsync(() => scenario.Log().Contains("taken over", StringComparison.Ordinal), scenario.Log, 60);
        await scenario.SetAsync("stays", "shared");
        await scenario.TakesAsync(10);
        await scenario.ReportsAsync("maps", one => one.Delivered == 7);
        // Killed, it goes on from its own state.
        await scenario.Watcher!.KillAsync();
        await GapAsync(scenario, 2);
        await scenario.StartAsync();
        await scenario.TakesAsync(16);
        await scenario.Watcher!.StopAsync();
        await GapAsync(scenario, 3);

        // A watcher of its own waits until what was seen last is given back.
        scenario.Settings.Clear();
        await scenario.StartAsync(untilReady: false);
        await Cluster.EventuallyAsync(() => scenario.Log().Contains("with the shared watcher", StringComparison.Ordinal), scenario.Log);
        await using var own = scenario.Watcher!;
        Shared(scenario, "PerLambda");
        await scenario.StartAsync(untilReady: false);
        await Cluster.EventuallyAsync(() => scenario.Log().Contains("1 Lambdas have what was seen last; 0 are", StringComparison.Ordinal), scenario.Log);
        await scenario.Watcher!.StopAsync();
        await Cluster.EventuallyAsync(() => own.Log.Any(line => line.Contains(": watching", StringComparison.Ordinal)), () => string.Join('\n', own.Log));
        await scenario.SetAsync("stays", "own");
        await scenario.TakesAsync(24, 60);
        await own.StopAsync();

        string[] each = ["maps added comes-{0}", "maps deleted comes-{0}", "maps added came-{0}", "maps deleted goes-{0}", "maps modified stays", "field modified stays"];
        Assert.Equal(
            new[] { 1, 2, 3 }.SelectMany(gap => each.Select(one => string.Format(null, one, gap))).Concat(Enumerable.Repeat(new[] { "maps modified stays", "field modified stays" }, 3).SelectMany(x => x)).Order(StringComparer.Ordinal),
            scenario.Function.Taken.Select(call => $"{call.Trigger} {call.Short}").Order(StringComparer.Ordinal));
        Assert.Equal(["2", "gap 1", "shared", "gap 2", "gap 3", "own"], scenario.Function.Taken.Where(call => call is { Trigger: "maps", Short: "modified stays" }).Select(call => call.Value("value")));
        var report = (await scenario.ReportsAsync()).Single(one => one.Name == "maps");
        Assert.Equal((18L, 18L, 0L), (report.Seen, report.Delivered, report.Failed));
        Assert.Equal([scenario.Queues.Events, scenario.Queues.Dead], await ExistAsync([scenario.Queues.Events, scenario.Queues.Dead, scenario.Queues.Lent, new TriggerQueues(TriggerQueues.SharedOwner).State('a')]));
    }

    [Fact]
    public async Task A_shared_watcher_serves_many_triggers_with_one_watch()
    {
        await using var scenario = await Scenario.BeginAsync(
            cluster, broker, ("one", Scenario.Maps()), ("two", Scenario.Maps("object.data.value == '2'")), ("three", Scenario.Maps() with { LabelSelector = "test=no" }));
        scenario.Settings["Watcher__Shared"] = "true";
        await scenario.StartAsync();
        await scenario.CreateAsync("a");
        await scenario.SetAsync("a", "2");
        await scenario.PatchAsync("a", """{"metadata":{"labels":{"test":"no"}}}""");
        await scenario.TakesAsync(5);
        Assert.Equal(
            ["one added a", "one deleted a", "one modified a", "three added a", "two deleted a", "two modified a"],
            scenario.Function.Calls.Select(call => $"{call.Trigger} {call.Short}").Order());
        Assert.Single(scenario.Proxy.Asked, path => path.Contains("configmaps", StringComparison.Ordinal) && path.Contains("watch=1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_shared_watcher_keeps_to_the_policy()
    {
        await using var scenario = await Scenario.BeginAsync(
            cluster, broker,
            ("own", Scenario.Maps()), ("secrets", new ResourceTrigger { ApiVersion = "v1", Kind = "Secret" }), ("elsewhere", Scenario.Maps() with { Namespaces = ["kube-system"] }));
        scenario.Settings["Watcher__Shared"] = "true";
        await scenario.StartAsync(untilReady: false);
        await scenario.ReportsAsync("own", each => each.Ready);
        Assert.Contains("kinds: [Secret]", (await scenario.ReportsAsync("secrets", each => each.Reason == Reasons.TriggerForbidden)).Message, StringComparison.Ordinal);
        await scenario.ReportsAsync("elsewhere", each => each.Reason == Reasons.TriggerForbidden);
        Assert.DoesNotContain(scenario.Proxy.Asked, path => path.Contains("/secrets", StringComparison.Ordinal));
    }

    private static void Shared(Scenario scenario, string mode) => (scenario.Settings["Watcher__Shared"], scenario.Settings["Triggers__Mode"]) = ("true", mode);

    /// <summary>While nobody watches: one comes and goes, one comes, one goes, one changes.</summary>
    private static async Task GapAsync(Scenario scenario, int number)
    {
        await scenario.CreateAsync($"comes-{number}");
        await scenario.DeleteAsync($"comes-{number}");
        await scenario.CreateAsync($"came-{number}");
        await scenario.DeleteAsync($"goes-{number}");
        await scenario.SetAsync("stays", $"gap {number}");
    }

    private async Task<IReadOnlyList<string>> ExistAsync(IReadOnlyList<string> queues)
    {
        var found = new List<string>();
        await using var connection = await broker.ConnectAsync();
        foreach (var queue in queues)
        {
            var channel = await connection.CreateChannelAsync();
            try
            {
                await channel.QueueDeclarePassiveAsync(queue);
                found.Add(queue);
            }
            catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
            {
                // It is not there.
            }
        }

        return found;
    }
}
