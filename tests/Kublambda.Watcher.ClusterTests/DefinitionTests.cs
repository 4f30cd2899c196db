using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Tests;

namespace Kublambda.Watcher.ClusterTests;

/// <summary>A CRD that changes under a trigger.</summary>
public sealed class DefinitionTests(Cluster cluster, RabbitMqServer broker)
{
    private const string Group = "versions.example.com";

    [Fact]
    public async Task A_CRD_that_gets_another_version_and_loses_the_old_one_loses_no_change_and_tells_nothing_anew()
    {
        var plural = $"v{Guid.NewGuid().ToString("N")[..6]}";
        var (first, second) = (Trigger(plural, "v1"), Trigger(plural, "v2"));
        await using var scenario = await Scenario.BeginAsync(cluster, broker, ("objects", first));
        var extensions = cluster.Client.ApiextensionsV1;
        await extensions.CreateCustomResourceDefinitionAsync(Definition(plural, ("v1", true, true)));
        try
        {
            await ServedAsync(plural, "v1");
            await PutAsync(scenario, plural, "v1", "stays", 1);
            await scenario.StartAsync();
            await PutAsync(scenario, plural, "v1", "stays", 2);
            await scenario.TakesAsync(1);

            // A new version, in which objects are stored from now on. What is written by it is seen by the trigger on the old one.
            await ReplaceAsync(plural, ("v1", true, false), ("v2", true, true));
            await ServedAsync(plural, "v2");
            await PutAsync(scenario, plural, "v2", "stays", 3);
            await PutAsync(scenario, plural, "v2", "new", 1);
            await scenario.TakesAsync(3);
            Assert.All(scenario.Function.Taken, call => Assert.Equal($"{Group}/v1", call.Data.GetProperty("object").GetProperty("apiVersion").GetString()));

            // The old version goes, and comes back; what changed in between is told then, once.
            await ReplaceAsync(plural, ("v1", false, false), ("v2", true, true));
            await scenario.ReportsAsync("objects", one => one.Reason == Reasons.KindNotFound);
            await PutAsync(scenario, plural, "v2", "stays", 4);
            await ReplaceAsync(plural, ("v1", true, false), ("v2", true, true));
            await scenario.ReportsAsync("objects", one => one.Ready);
            await scenario.TakesAsync(4);

            // The trigger goes over to the new version: what is there is known to nobody as new.
            scenario.Change(("objects", second));
            await Cluster.EventuallyAsync(() => scenario.Log().Contains($"{Group}/v2 in {scenario.Namespace}: watching", StringComparison.Ordinal), scenario.Log);
            await PutAsync(scenario, plural, "v2", "stays", 5);
            await scenario.TakesAsync(5);
            // In order for each object.
            Assert.Equal(["modified 2", "modified 3", "modified 4", "modified 5"], Of("stays"));
            Assert.Equal(["added 1"], Of("new"));
        }
        finally
        {
            await extensions.DeleteCustomResourceDefinitionAsync($"{plural}.{Group}");
        }

        IEnumerable<string> Of(string name) => scenario.Function.Taken.Where(call => call.Subject.EndsWith($"/{name}", StringComparison.Ordinal))
            .Select(call => $"{call.Event} {call.Data.GetProperty("object").GetProperty("spec").GetProperty("size").GetInt32()}");
    }

    private static ResourceTrigger Trigger(string plural, string version) => new() { ApiVersion = $"{Group}/{version}", Kind = $"Kind{plural}" };

    private static V1CustomResourceDefinition Definition(string plural, params (string Name, bool Served, bool Stored)[] versions) => new()
    {
        Metadata = new() { Name = $"{plural}.{Group}" },
        Spec = new()
        {
            Group = Group,
            Scope = "Namespaced",
            Names = new() { Plural = plural, Kind = $"Kind{plural}" },
            Versions =
            [
                .. versions.Select(each => new V1CustomResourceDefinitionVersion
                {
                    Name = each.Name, Served = each.Served, Storage = each.Stored,
                    Schema = new() { OpenAPIV3Schema = new() { Type = "object", XKubernetesPreserveUnknownFields = true } },
                }),
            ],
        },
    };

    private async Task ReplaceAsync(string plural, params (string Name, bool Served, bool Stored)[] versions)
    {
        var extensions = cluster.Client.ApiextensionsV1;
        var live = await extensions.ReadCustomResourceDefinitionAsync($"{plural}.{Group}");
        live.Spec.Versions = Definition(plural, versions).Spec.Versions;
        await extensions.ReplaceCustomResourceDefinitionAsync(live, live.Metadata.Name);
    }

    /// <summary>Returns when the API server serves it, which takes a moment.</summary>
    private async Task ServedAsync(string plural, string version)
    {
        for (var i = 0; i < 300; i++)
        {
            try
            {
                await cluster.Client.CustomObjects.ListClusterCustomObjectAsync(Group, version, plural);
                return;
            }
            catch (k8s.Autorest.HttpOperationException)
            {
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
        }

        Assert.Fail($"{plural} in {version} is not served.");
    }

    private async Task PutAsync(Scenario scenario, string plural, string version, string name, int size)
    {
        var json = $$"""{"apiVersion":"{{Group}}/{{version}}","kind":"Kind{{plural}}","metadata":{"name":"{{name}}"},"spec":{"size":{{size}} } }""";
        await cluster.Client.CustomObjects.PatchNamespacedCustomObjectAsync(
            new V1Patch(json, V1Patch.PatchType.ApplyPatch), Group, version, scenario.Namespace, plural, name, fieldManager: "tests", force: true);
    }
}
