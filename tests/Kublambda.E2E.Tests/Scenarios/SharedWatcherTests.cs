using System.Globalization;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.Recorder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>An installation that is switched to one watcher for all Lambdas, and back, with Lambdas in place whose objects never stop changing.</summary>
[Collection(DisturbsThePlatform.Name)]
public sealed class SharedWatcherTests(TestNamespace<SharedWatcherTests> space, TestCluster cluster) : IClassFixture<TestNamespace<SharedWatcherTests>>
{
    private const string Switch = "deploy/local/shared-watcher";

    [Fact]
    public async Task One_watcher_serves_all_Lambdas_keeps_to_the_policy_and_the_way_there_and_back_loses_nothing()
    {
        var old = await space.ApplyUntilReadyAsync(ARecorder("old", ("maps", ConfigMaps("of=old"))));
        await space.KubectlAsync("create", "configmap", "before");
        await space.KubectlAsync("label", "configmap", "before", "of=old");
        await space.RecordsAsync(old, "of the first object", got => got.Count == 1);
        using var enough = new CancellationTokenSource();
        var changes = ChangeAsync(enough.Token);
        try
        {
            await Script.RunAsync(Switch, "on");
            await space.ApplyAsync([ARecorder("one", ("maps", ConfigMaps("of=one"))), ARecorder("two", ("maps", ConfigMaps("of in (one,two)")), ("more", ConfigMaps("of=two")))]);
            var (one, two) = (await space.ReadyAsync("one"), await space.ReadyAsync("two"));
            await space.KubectlAsync("create", "configmap", "a");
            await space.KubectlAsync("label", "configmap", "a", "of=one");
            await space.KubectlAsync("label", "configmap", "a", "of=two", "--overwrite");
            await space.RecordsAsync(one, "of the one that came and went", got => got.Select(e => e.Short).SequenceEqual(["maps added a", "maps deleted a"]));
            await space.RecordsAsync(two, "of all", got => got.Select(e => e.Short).Order(StringComparer.Ordinal).SequenceEqual(["maps added a", "maps modified a", "more added a"]));
            await Eventually.HoldsAsync(
                "no watcher of their own", () => space.KubectlAsync("get", "deployment,serviceaccount,role,secret", "-l", "app.kubernetes.io/component=watcher", "--ignore-not-found", "-o", "name"),
                names => names.Trim().Length == 0, 60);
            await space.ReadyAsync("old", 60);

            await space.ApplyAsync(ARecorder("one", ("maps", ConfigMaps() with { Namespaces = ["default"] })));
            await space.ConditionAsync("one", ConditionTypes.Ready, ConditionStatus.False, Reasons.TriggerForbidden);

            var leftovers = Leftovers.Of(cluster, two);
            await space.DeleteAsync("two");
            await leftovers.NoneAsync(120);
        }
        finally
        {
            await Script.RunAsync(Switch, "off");
        }

        await space.ReadyAsync("old", 120);
        await enough.CancelAsync();
        var last = await changes;
        string[] all = ["added ", .. Enumerable.Range(1, last).Select(v => string.Create(CultureInfo.InvariantCulture, $"modified {v}"))];
        await space.KubectlAsync("delete", "configmap", "before");
        await space.KubectlAsync("create", "configmap", "after");
        await space.KubectlAsync("label", "configmap", "after", "of=old");
        var told = await space.RecordsAsync(old, $"of all {last} changes", got => got.Count >= last + 3);
        Assert.Equal(all, told.Where(e => e.Name == "before" && e.What != "deleted").Select(e => $"{e.What} {Value(e)}"));
        Assert.Equal(["deleted before", "added after"], told.Skip(last + 1).Select(e => $"{e.What} {e.Name}"));
        Assert.Contains("watcher", await space.KubectlAsync("get", "deployment", "-l", "app.kubernetes.io/component=watcher", "-o", "name"), StringComparison.Ordinal);
    }

    /// <summary>One change after the other until it is ended.</summary>
    /// <returns>How many.</returns>
    private async Task<int> ChangeAsync(CancellationToken enough)
    {
        for (var v = 1; ; v++)
        {
            var patch = new V1Patch(string.Create(CultureInfo.InvariantCulture, $$"""{"data":{"v":"{{v}}"} }"""), V1Patch.PatchType.MergePatch);
            await cluster.Api.CoreV1.PatchNamespacedConfigMapAsync(patch, "before", space.Name, cancellationToken: CancellationToken.None);
            await Task.Delay(TimeSpan.FromMilliseconds(300), enough).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (enough.IsCancellationRequested)
                return v;
        }
    }

    private static string Value(RecordedEvent e) => e.Json.GetProperty("object").TryGetProperty("data", out var data) ? data.GetProperty("v").GetString()! : "";
}
