using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Objects of a Lambda that somebody edits or deletes are put right; those that are right are not touched.</summary>
public sealed class ChildrenTests(TestNamespace<ChildrenTests> space) : IClassFixture<TestNamespace<ChildrenTests>>, IAsyncLifetime
{
    private Lambda lambda = null!;

    public async ValueTask InitializeAsync() => lambda = await space.ApplyUntilReadyAsync(ALambdaThatSays("parent", "steady"));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("deployment")]
    [InlineData("service")]
    [InlineData("hpa")]
    public async Task A_deleted_child_comes_back_and_the_url_answers(string kind)
    {
        var uid = await FieldAsync(kind, "{.metadata.uid}");
        await space.KubectlAsync("delete", kind, "parent");
        await Eventually.HoldsAsync(
            $"the {kind} to come back", () => FieldAsync(kind, "{.metadata.uid}"), found => found.Length > 0 && found != uid, seconds: 60,
            explain: () => Diagnosis.OfAsync(space.Cluster, space.Name, "parent"));
        await space.AnswersAsync(await space.ReadyAsync("parent"), "steady", seconds: 120);
    }

    [Theory]
    [InlineData("deployment", "{.spec.template.spec.containers[0].image}", """{"spec":{"template":{"spec":{"containers":[{"name":"NAME","image":"localhost/other:1"}]}}}}""")]
    [InlineData("deployment", "{.spec.template.spec.automountServiceAccountToken}", """{"spec":{"template":{"spec":{"automountServiceAccountToken":true}}}}""")]
    [InlineData("service", "{.spec.ports[0].targetPort}", """{"spec":{"ports":[{"port":PORT,"targetPort":9999}]}}""")]
    [InlineData("hpa", "{.spec.maxReplicas}", """{"spec":{"maxReplicas":7}}""")]
    public async Task An_edited_child_is_put_right(string kind, string field, string patch)
    {
        var right = await FieldAsync(kind, field);
        var name = kind == "deployment" ? await FieldAsync(kind, "{.spec.template.spec.containers[0].name}") : "";
        var port = kind == "service" ? await FieldAsync(kind, "{.spec.ports[0].port}") : "";
        await space.KubectlAsync(
            "patch", kind, "parent", "-p", patch.Replace("NAME", name, StringComparison.Ordinal).Replace("PORT", port, StringComparison.Ordinal));
        await Eventually.HoldsAsync(
            $"{field} of the {kind} to be {right} again", () => FieldAsync(kind, field), found => found == right, seconds: 60,
            explain: () => Diagnosis.OfAsync(space.Cluster, space.Name, "parent"));
        await space.AnswersAsync(await space.ReadyAsync("parent"), "steady", seconds: 120);
    }

    [Fact]
    public async Task What_is_right_is_not_written_again()
    {
        await space.ReadyAsync("parent");
        // Past at least one round of looking at unsettled Lambdas.
        string before = "", after = "-";
        for (var i = 0; i < 4 && before != after; i++)
        {
            before = await VersionsAsync();
            await Task.Delay(TimeSpan.FromSeconds(16), TestContext.Current.CancellationToken);
            after = await VersionsAsync();
        }

        Assert.Equal(before, after);
    }

    /// <summary>The generations that the API server counts, and the resource version of what has no status of its own.</summary>
    private async Task<string> VersionsAsync() =>
        await space.KubectlAsync("get", "deployment", "parent", "-o", "jsonpath={.metadata.generation} {.metadata.resourceVersion} ")
        + await space.KubectlAsync("get", "service", "parent", "-o", "jsonpath={.metadata.resourceVersion} ")
        + await space.KubectlAsync("get", "lambda", "parent", "-o", "jsonpath={.metadata.resourceVersion}");

    private async Task<string> FieldAsync(string kind, string field) =>
        (await space.KubectlAsync("get", kind, "-l", $"{Labels.LambdaUid}={lambda.Metadata.Uid}", "-o", $"jsonpath={field.Replace("{.", "{.items[*].", StringComparison.Ordinal)}")).Trim();
}
