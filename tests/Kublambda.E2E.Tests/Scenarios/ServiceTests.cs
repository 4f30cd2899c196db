using System.Text.Json;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>What an operator has of the services: logs that name what they are about, metrics, restricted pods.</summary>
public sealed class ServiceTests(TestNamespace<ServiceTests> space, TestCluster cluster) : IClassFixture<TestNamespace<ServiceTests>>
{
    public static TheoryData<string> Services => [.. Installation.Services];

    [Fact]
    public async Task The_life_of_a_Lambda_is_in_the_metrics_and_every_log_line_about_it_is_JSON_and_names_Lambda_and_revision()
    {
        var lambda = await space.ApplyUntilReadyAsync(ALambdaThatSays("spoken", "of"));
        var leftovers = Leftovers.Of(cluster, lambda);
        await space.DeleteAsync("spoken");
        await leftovers.NoneAsync(120);

        foreach (var service in Installation.Services)
        {
            await Eventually.HoldsAsync(
                $"metrics of {service}", () => MetricsAsync(service), text => text.Contains("# TYPE kublambda_", StringComparison.Ordinal), 30, _ => "none of ours");
            var lines = await LinesAsync(service);
            Assert.True(lines.Count > 0, $"{service} logged nothing about {space.Name}/spoken");
            Assert.All(lines, line => Assert.True(Scope(line, "Lambda") == $"{space.Name}/spoken", $"{service}: no scope Lambda in {line}"));
            if (service is "builder" or "deployer")
                Assert.True(lines.Any(line => Scope(line, "Revision") == lambda.Status!.Revision), $"{service} never named the revision: {string.Join('\n', lines)}");
        }
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task A_service_runs_restricted_under_an_account_of_its_own(string service)
    {
        var pod = (await cluster.Platform.PodsAsync(service))[0].Spec;
        var container = Assert.Single(pod.Containers);
        Assert.Equal(service, pod.ServiceAccountName);
        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type);
        Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
        Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        Assert.NotNull(container.LivenessProbe);
        Assert.NotNull(container.ReadinessProbe);
    }

    private async Task<string> MetricsAsync(string service)
    {
        var texts = new List<string>();
        foreach (var pod in await cluster.Platform.PodsAsync(service))
            texts.Add(await cluster.Kubectl.RunAsync("get", "--raw", $"/api/v1/namespaces/{Installation.Namespace}/pods/{pod.Metadata.Name}:8080/proxy/metrics"));
        return string.Concat(texts);
    }

    /// <summary>Messages of the framework about its own work (a request it makes, a consumer it starts) are not about a Lambda.</summary>
    private async Task<IReadOnlyList<JsonElement>> LinesAsync(string service)
    {
        var log = await cluster.Kubectl.RunAsync("-n", Installation.Namespace, "logs", "-l", $"app.kubernetes.io/name={service}", "--tail=5000");
        return [.. log.Split('\n').Where(line => line.Contains($"{space.Name}/spoken", StringComparison.Ordinal)).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>Scopes lie in each other; the innermost that says something counts.</summary>
    private static string? Scope(JsonElement line, string name) =>
        line.TryGetProperty("Scopes", out var scopes)
            ? scopes.EnumerateArray().Where(s => s.ValueKind == JsonValueKind.Object)
                .Select(s => s.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null)
                .LastOrDefault(v => v is not null)
            : null;
}
