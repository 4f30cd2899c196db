using k8s;
using Kublambda.Tests;

namespace Kublambda.Watcher.ClusterTests;

public sealed class RestartTests(Cluster cluster, RabbitMqServer broker)
{
    [Fact]
    public async Task What_happens_while_the_watcher_is_away_is_delivered_when_it_is_back_and_nothing_else()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        foreach (var name in new[] { "stays", "changes", "goes", "is-replaced" })
            await scenario.CreateAsync(name);
        await scenario.StartAsync();
        await scenario.CreateAsync("first");
        await scenario.TakesAsync(1);
        await scenario.Watcher!.KillAsync();

        await scenario.SetAsync("changes", "2");
        await scenario.SetAsync("changes", "3");
        await scenario.DeleteAsync("goes");
        await scenario.DeleteAsync("is-replaced");
        await scenario.CreateAsync("is-replaced", "9");
        await scenario.CreateAsync("comes-and-goes");
        await scenario.DeleteAsync("comes-and-goes");
        await scenario.StartAsync();
        await scenario.TakesAsync(8);
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        Assert.Equal(
            ["added comes-and-goes=1", "added first=1", "added is-replaced=9", "deleted comes-and-goes=1", "deleted goes=1", "deleted is-replaced=1", "modified changes=2", "modified changes=3"],
            scenario.Function.Taken.Select(call => $"{call.Short}={call.Value("value")}").Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task When_the_API_server_has_lost_the_history_the_steps_in_between_are_found_all_the_same()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        foreach (var name in new[] { "stays", "changes", "goes", "is-replaced", "leaves" })
            await scenario.CreateAsync(name);
        await scenario.StartAsync();
        await scenario.CreateAsync("first");
        await scenario.TakesAsync(1);
        await scenario.Watcher!.StopAsync();

        for (var i = 2; i <= 6; i++)
            await scenario.SetAsync("changes", $"{i}");
        await scenario.SetAsync("goes", "2");
        await scenario.DeleteAsync("goes");
        await scenario.SetAsync("is-replaced", "2");
        await scenario.DeleteAsync("is-replaced");
        await scenario.CreateAsync("is-replaced", "3");
        await scenario.SetAsync("is-replaced", "4");
        await scenario.CreateAsync("comes-and-goes");
        await scenario.DeleteAsync("comes-and-goes");
        await scenario.CreateAsync("new");
        await scenario.SetAsync("new", "2");
        await scenario.PatchAsync("leaves", """{"metadata":{"labels":{"test":"no"}}}""");
        await scenario.CreateAsync("visits", label: "no");
        await scenario.PatchAsync("visits", """{"metadata":{"labels":{"test":"yes"}}}""");
        await scenario.PatchAsync("visits", """{"metadata":{"labels":{"test":"no"}}}""");
        scenario.Proxy.ForgottenBefore = await MomentAsync(scenario);
        await scenario.StartAsync();
        await scenario.TakesAsync(19);
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        string[] Of(string name) => [.. scenario.Function.Taken.Where(call => call.Subject.EndsWith($"/{name}", StringComparison.Ordinal)).Select(call => $"{call.Event} {call.OldValue("value")}>{call.Value("value")}")];
        Assert.Equal(["modified 1>2", "modified 2>3", "modified 3>4", "modified 4>5", "modified 5>6"], Of("changes"));
        Assert.Equal(["modified 1>2", "deleted 2>2"], Of("goes"));
        Assert.Equal(["modified 1>2", "deleted 2>2", "added >3", "modified 3>4"], Of("is-replaced"));
        Assert.Equal(["added >1", "modified 1>2"], Of("new"));
        Assert.Equal(["added >1", "deleted 1>1"], Of("comes-and-goes"));
        Assert.Equal(["deleted 1>1"], Of("leaves"));
        Assert.Equal(["added >1", "deleted 1>1"], Of("visits"));
        Assert.Empty(Of("stays"));
        Assert.Equal(19, scenario.Function.Calls.Count);
    }

    [Fact]
    public async Task What_etcd_has_forgotten_comes_as_one_step_and_what_it_has_comes_whole()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        foreach (var name in new[] { "changes", "goes" })
            await scenario.CreateAsync(name);
        await scenario.StartAsync();
        await scenario.Watcher!.StopAsync();

        await scenario.SetAsync("changes", "2");
        await scenario.SetAsync("changes", "3");
        await scenario.DeleteAsync("goes");
        await scenario.CreateAsync("came-and-went");
        await scenario.DeleteAsync("came-and-went");
        scenario.Proxy.CompactedBefore = await MomentAsync(scenario);
        await scenario.CreateAsync("comes-and-goes");
        await scenario.DeleteAsync("comes-and-goes");
        await scenario.SetAsync("changes", "4");
        scenario.Proxy.ForgottenBefore = await MomentAsync(scenario);
        await scenario.StartAsync();
        await scenario.TakesAsync(5);
        await scenario.CreateAsync("last");
        await scenario.TakesAsync(6);
        Assert.Equal(
            ["added comes-and-goes >1", "added last >1", "deleted comes-and-goes 1>1", "deleted goes 1>1", "modified changes 1>3", "modified changes 3>4"],
            scenario.Function.Calls.Select(call => $"{call.Short} {call.OldValue("value")}>{call.Value("value")}").Order(StringComparer.Ordinal));
        Assert.Contains(scenario.Watcher.Log, line => line.Contains("etcd has forgotten", StringComparison.Ordinal));
    }

    private async Task<ulong> MomentAsync(Scenario scenario) =>
        ulong.Parse((await cluster.Client.CoreV1.ListNamespacedConfigMapAsync(scenario.Namespace, limit: 1)).Metadata.ResourceVersion, null);

    [Fact]
    public async Task A_broken_connection_to_the_API_server_loses_and_doubles_nothing()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        await scenario.StartAsync();
        for (var i = 0; i < 4; i++)
        {
            scenario.Proxy.Down = i % 2 == 1;
            scenario.Proxy.Cut();
            await scenario.CreateAsync($"a{i}");
            await scenario.SetAsync($"a{i}", "2");
            scenario.Proxy.Down = false;
            await scenario.TakesAsync(2 * (i + 1));
        }

        Assert.Equal(8, scenario.Function.Calls.Count);
    }

    [Fact]
    public async Task The_broker_killed_and_started_again_loses_nothing_and_the_order_holds()
    {
        await using var own = new RabbitMqServer();
        await own.StartAsync();
        await using var scenario = await Scenario.BeginAsync(cluster, own, ("maps", Scenario.Maps()));
        await scenario.StartAsync();
        await scenario.CreateAsync("a");
        await scenario.TakesAsync(1);
        // RabbitMQ 3 writes down with a delay of half a second that a queue is there: one that is killed before does not find its leader again.
        await Task.Delay(2000, TestContext.Current.CancellationToken);
        await own.KillAsync();
        for (var i = 2; i <= 20; i++)
            await scenario.SetAsync("a", $"{i}");
        await own.StartAsync();
        await scenario.TakesAsync(20, seconds: 90);
        var values = scenario.Function.Taken.DistinctBy(call => call.Id).Select(call => call.Value("value"));
        Assert.Equal(Enumerable.Range(1, 20).Select(i => $"{i}"), values);
    }

    [Fact]
    public async Task A_second_watcher_waits_until_the_first_one_ends()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        await scenario.StartAsync();
        var first = scenario.Watcher!;
        await scenario.StartAsync(untilReady: false);
        await Cluster.EventuallyAsync(() => scenario.Watcher!.Log.Any(line => line.Contains("another watcher works", StringComparison.OrdinalIgnoreCase)), scenario.Log);
        await scenario.CreateAsync("a");
        await scenario.TakesAsync(1);
        await first.KillAsync();
        await scenario.CreateAsync("b");
        await scenario.TakesAsync(2);
        Assert.Equal(["added a", "added b"], scenario.Function.Calls.Select(call => call.Short));
    }

    [Fact]
    public async Task A_changed_trigger_needs_no_new_watcher_and_a_removed_one_is_forgotten()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("one", Scenario.Maps()));
        await scenario.StartAsync();
        scenario.Change(("one", Scenario.Maps("object.data.value == '2'")), ("two", Scenario.Maps() with { LabelSelector = "test=no" }));
        await scenario.ReportsAsync("two", report => report.Ready);
        await scenario.CreateAsync("a", "1");
        await scenario.CreateAsync("b", "2");
        await scenario.CreateAsync("c", "3", label: "no");
        await scenario.TakesAsync(2);
        await scenario.ReportsAsync("one", report => report.Seen == 2);
        Assert.Equal(["one added b", "two added c"], scenario.Function.Calls.Select(call => $"{call.Trigger} {call.Short}").Order());
        scenario.Change(("one", Scenario.Maps("object.data.value == '2'")));
        await Cluster.EventuallyAsync(() => scenario.ReportsAsync().Result.Count == 1, scenario.Log);
        await scenario.DeleteAsync("c");
        await scenario.DeleteAsync("b");
        await scenario.TakesAsync(3);
        Assert.Equal("one deleted b", scenario.Function.Calls.Select(call => $"{call.Trigger} {call.Short}").Last());
    }
}
