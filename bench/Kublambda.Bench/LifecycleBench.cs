using System.Diagnostics;
using System.Globalization;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Bench;

/// <summary>
/// Four things in turn, so that whatever else the machine does hits all of them: a Lambda applied, the same Lambda changed, a
/// Deployment of an image that is already on the node, and the build pod alone. A Lambda of its own, made before, lends the
/// two baselines their pod template, image and build pod.
/// </summary>
internal sealed class LifecycleBench : IAsyncDisposable
{
    private const string Builds = "kublambda-builds";
    private readonly BenchCluster cluster;
    private readonly string ns;
    private readonly V1Deployment deployment;
    private readonly V1Pod build;
    private readonly Uri baselineUrl;

    private LifecycleBench(BenchCluster cluster, string ns, V1Deployment deployment, V1Pod build, Uri baselineUrl) =>
        (this.cluster, this.ns, this.deployment, this.build, this.baselineUrl) = (cluster, ns, deployment, build, baselineUrl);

    /// <summary>Makes the model Lambda and prepares the baselines.</summary>
    public static async Task<LifecycleBench> StartAsync(BenchCluster cluster, CancellationToken cancellation)
    {
        var ns = await cluster.NamespaceAsync(cancellation);
        await cluster.KubectlAsync(Manifest(ns, "model", "model", "buildah"), cancellation, "apply", "-f", "-");
        var build = await BenchCluster.UntilAsync("the build pod", async () =>
        {
            var pods = await cluster.Api.CoreV1.ListNamespacedPodAsync(Builds, labelSelector: $"{Labels.Lambda}=model,{Labels.LambdaNamespace}={ns}", cancellationToken: cancellation);
            return pods.Items.FirstOrDefault();
        }, cancellation);
        var model = await ReadyAsync(cluster, ns, "model", cancellation);
        await cluster.AnswersAsync(new(model.Status!.Url!), "model", cancellation);
        var deployment = await cluster.Api.AppsV1.ReadNamespacedDeploymentAsync("model", ns, cancellationToken: cancellation);
        var service = await cluster.Api.CoreV1.CreateNamespacedServiceAsync(
            new()
            {
                Metadata = new() { Name = "baseline" },
                Spec = new() { Type = "NodePort", Selector = Plain, Ports = [new() { Port = 80, TargetPort = 8080 }] },
            },
            ns, cancellationToken: cancellation);
        return new(cluster, ns, deployment, build, new UriBuilder(model.Status.Url!) { Port = service.Spec.Ports[0].NodePort!.Value }.Uri);
    }

    public async Task<IReadOnlyList<Sample>> RunAsync(int runs, CancellationToken cancellation)
    {
        var samples = new List<Sample>();
        for (var i = 0; i < runs; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"run-{i}");
            samples.Add(await MeasureAsync(Measures.Apply, () => ApplyAsync(name, $"first {i}", cancellation)));
            await ReadyAsync(cluster, ns, name, cancellation);
            samples.Add(await MeasureAsync(Measures.Change, () => ApplyAsync(name, $"second {i}", cancellation)));
            samples.Add(await MeasureAsync(Measures.Deployment, () => DeployAsync(cancellation)));
            await cluster.KubectlAsync("", cancellation, "-n", ns, "delete", "deployment", "baseline", "--cascade=foreground");
            samples.Add(await MeasureAsync(Measures.Build, () => BuildAsync(name, cancellation)));
            Console.WriteLine(string.Join("  ", samples.TakeLast(4).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Measure} {s.Seconds:F2} s"))));
        }

        return samples;
    }

    public async ValueTask DisposeAsync() => await cluster.Api.CoreV1.DeleteNamespaceAsync(ns);

    private static Dictionary<string, string> Plain => new() { ["app"] = "baseline" };

    private static async Task<Sample> MeasureAsync(string measure, Func<Task> what)
    {
        var clock = Stopwatch.StartNew();
        await what();
        return new(measure, clock.Elapsed.TotalSeconds);
    }

    private static string Manifest(string ns, string name, string says, string? pipeline = null) => KubernetesJson.Serialize(new Lambda
    {
        Metadata = new() { Name = name, NamespaceProperty = ns },
        Spec = new()
        {
            Runtime = Runtimes.Nodejs,
            Handler = "index.handler",
            Source = new() { Inline = new() { Files = new Dictionary<string, string> { ["index.js"] = $"exports.handler = () => '{says}';" } } },
            Triggers = [new() { Name = "web", Http = new() { Exposure = Exposures.NodePort } }],
            Scaling = new() { MinReplicas = 1, MaxReplicas = 2 },
            Build = pipeline is null ? null : new() { Pipeline = pipeline },
        },
    });

    private static Task<Lambda> ReadyAsync(BenchCluster cluster, string ns, string name, CancellationToken cancellation) =>
        BenchCluster.UntilAsync($"{name} to be Ready", async () =>
        {
            var lambda = await ReadAsync(cluster, ns, name, cancellation);
            var ready = lambda.Status?.Conditions?.FirstOrDefault(c => c.Type == ConditionTypes.Ready);
            return ready?.Status == ConditionStatus.True && ready.ObservedGeneration == lambda.Metadata.Generation ? lambda : null;
        }, cancellation);

    private static Task<Lambda> ReadAsync(BenchCluster cluster, string ns, string name, CancellationToken cancellation) =>
        cluster.Api.CustomObjects.GetNamespacedCustomObjectAsync<Lambda>(Lambda.Group, Lambda.Version, ns, Lambda.Plural, name, cancellation);

    /// <summary>Ends with the first answer of the new code.</summary>
    private async Task ApplyAsync(string name, string says, CancellationToken cancellation)
    {
        await cluster.KubectlAsync(Manifest(ns, name, says), cancellation, "apply", "-f", "-");
        var url = await BenchCluster.UntilAsync(
            $"the URL of {name}", async () => (await ReadAsync(cluster, ns, name, cancellation)).Status?.Url, cancellation);
        await cluster.AnswersAsync(new(url), says, cancellation);
    }

    /// <summary>The very pod template of the model, in a Deployment that Kublambda does not know.</summary>
    private async Task DeployAsync(CancellationToken cancellation)
    {
        var template = deployment.Spec.Template;
        var plain = new V1Deployment
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = new() { Name = "baseline", NamespaceProperty = ns },
            Spec = new()
            {
                Replicas = 1,
                Selector = new() { MatchLabels = Plain },
                Template = new() { Metadata = new() { Labels = Plain }, Spec = template.Spec },
            },
        };
        await cluster.KubectlAsync(KubernetesJson.Serialize(plain), cancellation, "apply", "-f", "-");
        await cluster.AnswersAsync(baselineUrl, "model", cancellation);
    }

    /// <summary>The model's source, built by buildah alone; to a tag that nobody deploys.</summary>
    private async Task BuildAsync(string name, CancellationToken cancellation)
    {
        var spec = PlainBuildah.Of(build.Spec, $"bench/bare:{ns}-bare");
        var pod = new V1Pod { ApiVersion = "v1", Kind = "Pod", Metadata = new() { Name = $"{ns}-{name}", NamespaceProperty = Builds }, Spec = spec };
        await cluster.KubectlAsync(KubernetesJson.Serialize(pod), cancellation, "apply", "-f", "-");
        var ended = await BenchCluster.UntilAsync("the end of the build pod", async () =>
        {
            var now = await cluster.Api.CoreV1.ReadNamespacedPodAsync(pod.Metadata.Name, Builds, cancellationToken: cancellation);
            return now.Status.Phase is "Succeeded" or "Failed" ? now : null;
        }, cancellation);
        await cluster.Api.CoreV1.DeleteNamespacedPodAsync(pod.Metadata.Name, Builds, cancellationToken: cancellation);
        if (ended.Status.Phase != "Succeeded")
            throw new InvalidOperationException($"the bare build pod failed: {KubernetesJson.Serialize(ended.Status)}");
    }
}

/// <summary>What is measured.</summary>
internal static class Measures
{
    public const string Apply = "apply to first 200";
    public const string Change = "change to first new answer";
    public const string Deployment = "baseline: Deployment to first 200";
    public const string Build = "baseline: bare build pod";
}

/// <summary>One measurement.</summary>
internal sealed record Sample(string Measure, double Seconds);
