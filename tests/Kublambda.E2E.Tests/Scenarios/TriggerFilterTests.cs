using System.Globalization;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.Recorder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Which events a resource trigger calls its function for, and what the function gets.</summary>
public sealed class TriggerFilterTests(TestNamespace<TriggerFilterTests> space, TestCluster cluster) : IClassFixture<TestNamespace<TriggerFilterTests>>
{
    [Fact]
    public async Task Each_filter_lets_through_what_it_should_and_the_event_carries_both_states()
    {
        await MakeAsync("early", "app=shop", "count=9");
        var lambda = await space.ApplyUntilReadyAsync(ARecorder(
            "filters",
            ("everything", ConfigMaps("app=shop")),
            ("sets", ConfigMaps("app in (shop,desk),tier!=test")),
            ("named", ConfigMaps() with { FieldSelector = "metadata.name=two" }),
            ("added", ConfigMaps("app=shop") with { Events = ["Added"] }),
            ("gone", ConfigMaps("app=shop") with { Events = ["Deleted"], Condition = "event == 'Deleted' && object.data.count == '3'" }),
            ("many", ConfigMaps("app=shop") with { Condition = "int(object.data.?count.orValue('0')) > 2 && (oldObject == null || oldObject.data.count != object.data.count)" }),
            ("own", ConfigMaps("app=shop") with { Condition = $"lambda.name == 'filters' && lambda.namespace == object.metadata.namespace && event != 'Modified'" })));

        await MakeAsync("one", "app=shop", "count=1");
        await MakeAsync("two", "app=desk", "count=3");
        await space.KubectlAsync("patch", "configmap", "one", "-p", """{"data":{"count":"3"}}""");
        await space.KubectlAsync("label", "configmap", "one", "tier=test");
        await space.KubectlAsync("delete", "configmap", "one");
        string[] expected =
        [
            "everything added one", "everything modified one", "everything modified one", "everything deleted one",
            // Its new label takes it out of the selection, which is no less an end than its deletion.
            "sets added one", "sets added two", "sets modified one", "sets deleted one",
            "named added two", "added added one", "gone deleted one", "many modified one", "own added one", "own deleted one",
        ];
        var got = await space.RecordsAsync(lambda, $"{expected.Length} events", events => events.Count >= expected.Length);
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        got = await space.RecordedAsync(lambda);
        Assert.Equal(expected.Order(StringComparer.Ordinal), got.Select(e => e.Short).Order(StringComparer.Ordinal));

        var change = got.First(e => e.Short == "many modified one");
        Assert.Equal(("1.0", "dev.kublambda.resource.modified", $"{space.Name}/one"), (change["specversion"], change["type"], change["subject"]));
        Assert.Equal($"/api/v1/namespaces/{space.Name}/configmaps", change["source"]);
        Assert.Equal(("ConfigMap", "v1", space.Name, "one"), (change["kind"], change["apiversion"], change["namespace"], change["name"]));
        Assert.Equal("3", change.Json.GetProperty("object").GetProperty("data").GetProperty("count").GetString());
        Assert.Equal("1", change.Json.GetProperty("oldObject").GetProperty("data").GetProperty("count").GetString());
        Assert.False(change.Json.GetProperty("object").GetProperty("metadata").TryGetProperty("managedFields", out _));
        Assert.Equal(got.Count, got.Select(e => $"{e.Trigger} {e.Id}").Distinct().Count());

        await space.UntilAsync("filters", "its counts in the status", l =>
            Of(l, "everything") is { Ready: true, Seen: 4, Matched: 4, Delivered: 4, Failed: 0, Waiting: 0 } && Of(l, "many") is { Seen: 4, Matched: 1, Delivered: 1 }, 60);
    }

    [Fact]
    public async Task A_custom_resource_whose_kind_appears_later_starts_the_trigger_then()
    {
        var plural = string.Create(CultureInfo.InvariantCulture, $"orders{Random.Shared.Next(100_000)}");
        var group = $"{plural}.e2e.kublambda.dev";
        await space.ApplyAsync(ARecorder("later", ("orders", new ResourceTrigger
        {
            ApiVersion = $"{group}/v1",
            Kind = "Order",
            Condition = "object.spec.lines.exists(line, line.price * line.count > 100)",
        })));
        var waits = await space.ConditionAsync("later", ConditionTypes.Ready, ConditionStatus.False, Reasons.KindNotFound);
        Assert.Contains($"Trigger orders: No API of this cluster has the kind Order in {group}/v1", waits.Message, StringComparison.Ordinal);
        try
        {
            await cluster.Kubectl.ApplyAsync($$$"""
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{{plural}}}.{{{group}}}"},"spec":{"group":"{{{group}}}","scope":"Namespaced",
                "names":{"kind":"Order","plural":"{{{plural}}}"},"versions":[{"name":"v1","served":true,"storage":true,
                "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true} } }] } }
                """);
            var lambda = await space.ReadyAsync("later", 120);
            await OrderAsync("small", 1);
            await OrderAsync("large", 300);
            var got = await space.RecordsAsync(lambda, "of the large order", events => events.Count > 0);
            Assert.Equal("orders added large", Assert.Single(got).Short);
            Assert.Equal($"/apis/{group}/v1/namespaces/{space.Name}/{plural}", got[0]["source"]);
        }
        finally
        {
            await cluster.Kubectl.TryAsync("delete", "crd", $"{plural}.{group}", "--wait=false");
        }

        Task<string> OrderAsync(string name, int price) => cluster.Kubectl.ApplyAsync(
            $$"""{"apiVersion":"{{group}}/v1","kind":"Order","metadata":{"name":"{{name}}","namespace":"{{space.Name}}"},"spec":{"lines":[{"price":{{price}},"count":1}]} }""");
    }

    [Fact]
    public async Task A_condition_that_is_wrong_is_refused_with_line_and_column_before_anything_runs()
    {
        await space.ApplyAsync(ARecorder("wrong", ("maps", ConfigMaps() with { Condition = "event == 'Added' &&\n  objekt.data.count > 3" })));
        var accepted = await space.ConditionAsync("wrong", ConditionTypes.Accepted, ConditionStatus.False, Reasons.Invalid);
        Assert.StartsWith("spec.triggers[1].resource.condition: line 2, column 3: ", accepted.Message, StringComparison.Ordinal);
        Assert.Contains("objekt.data.count > 3\n", accepted.Message, StringComparison.Ordinal);
        Assert.Empty(await space.BuildPodsAsync(await space.ReadAsync("wrong")));
    }

    [Fact]
    public async Task A_condition_that_cannot_be_evaluated_says_so_in_the_status_and_calls_nobody()
    {
        var lambda = await space.ApplyUntilReadyAsync(ARecorder("fails", ("maps", ConfigMaps("of=fails") with { Condition = "object.data.missing == 'x'" })));
        await MakeAsync("unlucky", "of=fails", "count=1");
        var seen = await space.UntilAsync("fails", "the error in its status", l => Of(l, "maps")?.LastError is not null, 60);
        Assert.Contains("missing", Of(seen, "maps")!.LastError!.Message, StringComparison.Ordinal);
        Assert.NotNull(Of(seen, "maps")!.LastError!.Time);
        Assert.Empty(await space.RecordedAsync(lambda));
    }

    private static TriggerStatus? Of(Lambda lambda, string trigger) => lambda.Status?.Triggers?.FirstOrDefault(t => t.Name == trigger);

    private async Task MakeAsync(string name, string label, string data)
    {
        var (l, d) = (label.Split('='), data.Split('='));
        await cluster.Api.CoreV1.CreateNamespacedConfigMapAsync(
            new V1ConfigMap
            {
                Metadata = new() { Name = name, Labels = new Dictionary<string, string> { [l[0]] = l[1] } },
                Data = new Dictionary<string, string> { [d[0]] = d[1] },
            },
            space.Name);
    }
}
