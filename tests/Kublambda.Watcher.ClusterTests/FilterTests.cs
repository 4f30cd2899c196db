using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Tests;

namespace Kublambda.Watcher.ClusterTests;

public sealed class FilterTests(Cluster cluster, RabbitMqServer broker)
{
    [Fact]
    public async Task Changes_arrive_as_cloud_events_with_both_states_and_what_was_there_before_does_not()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        await scenario.CreateAsync("old");
        await scenario.StartAsync();
        await scenario.CreateAsync("a");
        await scenario.SetAsync("a", "2");
        await scenario.SetAsync("old", "2");
        await scenario.DeleteAsync("a");
        await scenario.TakesAsync(4);
        var calls = scenario.Function.Calls.Where(call => call.Subject.EndsWith("/a", StringComparison.Ordinal)).ToList();
        Assert.Equal(["added a", "modified a", "deleted a"], calls.Select(call => call.Short));
        Assert.Equal([("1", null), ("2", "1"), ("2", "2")], calls.Select(call => (call.Value("value"), call.OldValue("value"))));
        var old = Assert.Single(scenario.Function.Calls, call => call.Subject.EndsWith("/old", StringComparison.Ordinal));
        Assert.Equal(("modified old", "1"), (old.Short, old.OldValue("value")));
        Assert.Equal($"/api/v1/namespaces/{scenario.Namespace}/configmaps", old.Source);
        Assert.Equal("maps", old.Trigger);
        Assert.Equal("application/json", old.ContentType);
        Assert.Equal("ConfigMap", old.Data.GetProperty("object").GetProperty("kind").GetString());
        Assert.False(old.Data.GetProperty("object").GetProperty("metadata").TryGetProperty("managedFields", out _));
        var report = await scenario.ReportsAsync("maps", each => each.Delivered == 4);
        Assert.Equal((4L, 4L, 0L, 0L), (report.Seen, report.Matched, report.Failed, report.Waiting));
    }

    [Fact]
    public async Task Each_filter_leaves_out_what_it_should()
    {
        await using var scenario = await Scenario.BeginAsync(
            cluster, broker,
            ("condition", Scenario.Maps("event == 'Modified' && object.data.value == '2' && oldObject.data.value == '1' && lambda.name == 'changes'")),
            ("events", Scenario.Maps() with { Events = ["Deleted"] }),
            ("field", Scenario.Maps() with { FieldSelector = "metadata.name=b" }),
            ("namespaces", Scenario.Maps() with { Namespaces = ["kube-public"] }),
            ("fails", Scenario.Maps("object.spec.replicas > 1")));
        await scenario.StartAsync();
        await scenario.CreateAsync("a");
        await scenario.SetAsync("a", "2");
        await scenario.SetAsync("a", "3");
        await scenario.DeleteAsync("a");
        await scenario.CreateAsync("b");
        await scenario.TakesAsync(3);
        await scenario.ReportsAsync("fails", each => each.Seen == 5);
        Assert.Equal(
            ["condition modified a", "events deleted a", "field added b"],
            scenario.Function.Calls.Select(call => $"{call.Trigger} {call.Short}").Order());
        var failing = await scenario.ReportsAsync("fails", each => each.LastError is not null);
        Assert.Contains("no such key", failing.LastError!.Message, StringComparison.Ordinal);
        Assert.True(failing.Ready);
    }

    [Fact]
    public async Task Leaving_the_selection_is_deleted_and_entering_it_is_added()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()));
        await scenario.StartAsync();
        await scenario.CreateAsync("a", label: "no");
        await scenario.PatchAsync("a", """{"metadata":{"labels":{"test":"yes"}}}""");
        await scenario.PatchAsync("a", """{"metadata":{"labels":{"test":"no"}}}""");
        await scenario.PatchAsync("a", """{"metadata":{"labels":{"test":"yes"}}}""");
        await scenario.TakesAsync(3);
        Assert.Equal(["added a", "deleted a", "added a"], scenario.Function.Calls.Select(call => call.Short));
    }

    [Fact]
    public async Task A_kind_that_comes_later_starts_its_trigger_and_custom_resources_are_like_all_others()
    {
        var plural = $"t{Guid.NewGuid().ToString("N")[..6]}";
        await using var scenario = await Scenario.BeginAsync(
            cluster, broker, ("later", new ResourceTrigger { ApiVersion = "watcher.example.com/v1", Kind = $"Kind{plural}", Condition = "object.spec.size > 1" }));
        await scenario.StartAsync(untilReady: false);
        var report = await scenario.ReportsAsync("later", each => each.Reason == Reasons.KindNotFound);
        Assert.Contains($"Kind{plural}", report.Message, StringComparison.Ordinal);
        var extensions = cluster.Client.ApiextensionsV1;
        await extensions.CreateCustomResourceDefinitionAsync(Definition(plural));
        try
        {
            await scenario.ReportsAsync("later", each => each.Ready);
            for (var size = 1; size <= 2; size++)
            {
                await cluster.Client.CustomObjects.CreateNamespacedCustomObjectAsync(
                    new Dictionary<string, object>
                    {
                        ["apiVersion"] = "watcher.example.com/v1",
                        ["kind"] = $"Kind{plural}",
                        ["metadata"] = new Dictionary<string, object> { ["name"] = $"size-{size}" },
                        ["spec"] = new Dictionary<string, object> { ["size"] = size },
                    },
                    "watcher.example.com", "v1", scenario.Namespace, plural);
            }

            await scenario.TakesAsync(1);
            await scenario.ReportsAsync("later", each => each.Seen == 2);
            Assert.Equal("added size-2", Assert.Single(scenario.Function.Calls).Short);
        }
        finally
        {
            await extensions.DeleteCustomResourceDefinitionAsync($"{plural}.watcher.example.com");
        }

        await scenario.ReportsAsync("later", each => each.Reason == Reasons.KindNotFound);
        await scenario.TakesAsync(2);
        Assert.Equal("deleted size-2", scenario.Function.Calls.Last().Short);
    }

    [Fact]
    public async Task What_the_watcher_may_not_watch_is_said_and_watched_when_it_may()
    {
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("maps", Scenario.Maps()), ("field", Scenario.Maps() with { FieldSelector = "data.value=1" }));
        scenario.Proxy.Forbidden = request => request.Path.Value!.EndsWith("/configmaps", StringComparison.Ordinal) && !request.Query.ContainsKey("fieldSelector");
        await scenario.StartAsync(untilReady: false);
        Assert.Contains("does not let you", (await scenario.ReportsAsync("maps", each => each.Reason == Reasons.TriggerForbidden)).Message, StringComparison.Ordinal);
        Assert.Contains("known field selector", (await scenario.ReportsAsync("field", each => each.Reason == Reasons.TriggerFailing)).Message, StringComparison.Ordinal);
        scenario.Proxy.Forbidden = _ => false;
        await scenario.ReportsAsync("maps", each => each.Ready);
    }

    private static V1CustomResourceDefinition Definition(string plural) => new()
    {
        Metadata = new V1ObjectMeta { Name = $"{plural}.watcher.example.com" },
        Spec = new V1CustomResourceDefinitionSpec
        {
            Group = "watcher.example.com",
            Scope = "Namespaced",
            Names = new V1CustomResourceDefinitionNames { Plural = plural, Singular = plural, Kind = $"Kind{plural}" },
            Versions =
            [
                new V1CustomResourceDefinitionVersion
                {
                    Name = "v1", Served = true, Storage = true,
                    Schema = new V1CustomResourceValidation
                    {
                        OpenAPIV3Schema = new V1JSONSchemaProps { Type = "object", XKubernetesPreserveUnknownFields = true },
                    },
                },
            ],
        },
    };
}
