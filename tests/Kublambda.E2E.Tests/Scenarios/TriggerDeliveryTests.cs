using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.Recorder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>How events get to the function: tried again, given up and replayed, one after another, and not lost by a restart.</summary>
public sealed class TriggerDeliveryTests(TestNamespace<TriggerDeliveryTests> space, TestCluster cluster) : IClassFixture<TestNamespace<TriggerDeliveryTests>>
{
    [Fact]
    public async Task What_happens_while_the_watcher_is_down_is_told_afterwards_and_nothing_twice_as_added()
    {
        var lambda = await space.ApplyUntilReadyAsync(ARecorder("restart", ("maps", ConfigMaps("of=restart"))));
        foreach (var name in new[] { "stays", "changes", "goes" })
            await SetAsync(name, "restart", "1");
        await space.RecordsAsync(lambda, "of three objects", got => got.Count == 3);

        var watcher = $"deployment/{Names.Watcher(LambdaRef.Of(lambda))}";
        await space.KubectlAsync("scale", watcher, "--replicas=0");
        await space.KubectlAsync("wait", "--for=delete", "pod", "-l", $"{Labels.WatcherOf}={lambda.Metadata.Uid}", "--timeout=60s");
        await SetAsync("changes", "restart", "2");
        await space.KubectlAsync("delete", "configmap", "goes");
        await SetAsync("comes", "restart", "1");
        await space.KubectlAsync("scale", watcher, "--replicas=1");

        string[] expected = ["maps added changes", "maps added comes", "maps added goes", "maps added stays", "maps deleted goes", "maps modified changes"];
        await space.RecordsAsync(lambda, "what was missed", got => got.Count >= expected.Length);
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        var all = await space.RecordedAsync(lambda);
        Assert.Equal(expected, all.Select(e => e.Short).Order(StringComparer.Ordinal));
        Assert.Equal("1", all.Single(e => e.What == "deleted").Json.GetProperty("object").GetProperty("data").GetProperty("v").GetString());
        await space.ReadyAsync("restart", 60);
    }

    [Fact]
    public async Task What_the_function_refuses_is_kept_shown_and_replayed_and_the_next_event_goes_on()
    {
        var lambda = await space.ApplyUntilReadyAsync(ARecorder("refuses", ("maps", ConfigMaps("of=refuses"))));
        await space.RecordedAsync(lambda, "?answer=422");
        await SetAsync("bad", "refuses", "1");
        await space.UntilAsync("refuses", "one failure in its status", l => Of(l) is { Failed: 1, Delivered: 0 }, 60);
        await space.RecordedAsync(lambda, "?answer=204");
        await SetAsync("bad", "refuses", "2");
        var got = await space.RecordsAsync(lambda, "the next event", events => events.Any(e => e.What == "modified"));
        var refused = got.Single(e => e["answer"] == "422");

        var name = $"{space.Name}/refuses";
        await Eventually.HoldsAsync("the command to list them", () => DeadLetters.RunAsync("list"), said => said.Contains($"\t1\t{name}\n", StringComparison.Ordinal), 30);
        var shown = await DeadLetters.RunAsync("show", name);
        Assert.Contains($"{name}: trigger maps, dev.kublambda.resource.added ConfigMap {space.Name}/bad, given up ", shown, StringComparison.Ordinal);
        Assert.Contains("422", shown, StringComparison.Ordinal);
        Assert.Contains("replaying", await DeadLetters.RunAsync("replay", name), StringComparison.Ordinal);
        var again = await space.RecordsAsync(lambda, "the replayed event", events => events.Count(e => e.What == "added") == 2);
        Assert.Equal(refused.Id, again.Last(e => e.What == "added").Id);
        await Eventually.HoldsAsync("no dead letters", () => DeadLetters.RunAsync("list"), said => !said.Contains(name, StringComparison.Ordinal), 30);
    }

    [Fact]
    public async Task A_function_that_fails_for_a_while_gets_everything_in_order_and_a_slow_one_delays_nobody_else()
    {
        var slow = ARecorder("slow", ("maps", ConfigMaps("of=both")));
        var quick = ARecorder("quick", ("maps", ConfigMaps("of=both")));
        await space.ApplyAsync([slow, quick]);
        var (slowLambda, quickLambda) = (await space.ReadyAsync("slow"), await space.ReadyAsync("quick"));
        await space.RecordedAsync(slowLambda, "?answer=503&delay=2000");

        for (var i = 1; i <= 5; i++)
            await SetAsync("busy", "both", $"{i}");
        var clock = Stopwatch.StartNew();
        var got = await space.RecordsAsync(quickLambda, "all five", events => events.Count == 5);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(8), $"the quick one waited {clock.Elapsed}");
        Assert.Equal(["1", "2", "3", "4", "5"], got.Select(Value));
        Assert.DoesNotContain(await space.RecordedAsync(slowLambda), e => Value(e) != "1");

        await space.RecordedAsync(slowLambda, "?answer=204&delay=0");
        await space.RecordsAsync(slowLambda, "all five in the end", events => events.Count(e => e["answer"] == "204") >= 5, 90);
        Assert.Equal(["1", "2", "3", "4", "5"], (await space.RecordedAsync(slowLambda)).Where(e => e["answer"] == "204").Select(Value).Distinct());
        // The same event had the same id at every try.
        Assert.Single((await space.RecordedAsync(slowLambda)).Where(e => Value(e) == "1").Select(e => e.Id).Distinct());
    }

    [Fact]
    public async Task An_object_of_900_KB_arrives_whole_as_it_is_and_as_it_was()
    {
        var lambda = await space.ApplyUntilReadyAsync(ARecorder("large", ("maps", ConfigMaps("of=large") with { Events = ["Modified", "Deleted"] })));
        // Random, so that nothing on the way makes it small. kubectl apply would write all of it into an annotation too.
        var large = Convert.ToBase64String(RandomNumberGenerator.GetBytes(675_000));
        await cluster.Api.CoreV1.CreateNamespacedConfigMapAsync(
            new() { Metadata = new() { Name = "big", Labels = new Dictionary<string, string> { ["of"] = "large" } }, Data = new Dictionary<string, string> { ["v"] = "1", ["large"] = large } },
            space.Name, cancellationToken: TestContext.Current.CancellationToken);
        await space.KubectlAsync("patch", "configmap", "big", "-p", """{"data":{"v":"2"}}""");
        await space.KubectlAsync("delete", "configmap", "big");
        var got = await space.RecordsAsync(lambda, "of both", events => events.Count == 2);
        Assert.Equal(["maps modified big", "maps deleted big"], got.Select(e => e.Short));
        Assert.Equal(("2", "1", "2"), (Value(got[0]), Data(got[0], "oldObject").GetProperty("v").GetString(), Value(got[1])));
        Assert.All(got.SelectMany(e => new[] { Data(e, "object"), Data(e, "oldObject") }), data => Assert.Equal(large, data.GetProperty("large").GetString()));
    }

    private static JsonElement Data(RecordedEvent e, string state) => e.Json.GetProperty(state).GetProperty("data");

    private static TriggerStatus? Of(Lambda lambda) => lambda.Status?.Triggers?.FirstOrDefault(t => t.Name == "maps");

    private static string Value(RecordedEvent e) => e.Json.GetProperty("object").GetProperty("data").GetProperty("v").GetString()!;

    private Task<string> SetAsync(string name, string of, string value) => cluster.Kubectl.ApplyAsync(KubernetesJson.Serialize(new V1ConfigMap
    {
        ApiVersion = "v1",
        Kind = "ConfigMap",
        Metadata = new() { Name = name, NamespaceProperty = space.Name, Labels = new Dictionary<string, string> { ["of"] = of } },
        Data = new Dictionary<string, string> { ["v"] = value },
    }));
}
