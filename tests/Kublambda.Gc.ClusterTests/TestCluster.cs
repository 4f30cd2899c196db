using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Gc.ClusterTests;
using Kublambda.Tests;

[assembly: AssemblyFixture(typeof(TestCluster))]

namespace Kublambda.Gc.ClusterTests;

/// <summary>The cluster of KUBECONFIG or of the repository's <c>.local/kubeconfig</c>; a namespace for Lambdas and one for build pods in it.</summary>
public sealed class TestCluster : ClusterFixture
{
    private readonly System.Collections.Concurrent.ConcurrentBag<string> _held = [];
    private string? _image;

    public string Namespace { get; private set; } = "";

    public string Builds { get; private set; } = "";

    protected override async Task StartAsync()
    {
        Namespace = await NamespaceAsync("gc");
        Builds = await NamespaceAsync("gc-builds");
        // Any image with a shell that the node has already.
        var broker = await Client.CoreV1.ListNamespacedPodAsync("kublambda-system", labelSelector: "app.kubernetes.io/name=rabbitmq");
        _image = broker.Items[0].Spec.Containers[0].Image;
    }

    protected override async ValueTask DisposeAsyncCore()
    {
        foreach (var name in _held)
            await ReleaseAsync(name);
        await base.DisposeAsyncCore();
    }

    /// <summary>A Lambda that no service acts on, since it asks for something that this version does not have; held by a finalizer where asked for.</summary>
    public async Task<LambdaRef> CreateLambdaAsync(string name, bool finalizer = false)
    {
        var lambda = new Dictionary<string, object>
        {
            ["apiVersion"] = $"{Lambda.Group}/{Lambda.Version}",
            ["kind"] = Lambda.KindName,
            ["metadata"] = new { name, finalizers = finalizer ? new[] { "kublambda.dev/test" } : [] },
            ["spec"] = new { runtime = "nodejs", stateTables = new[] { "test" }, source = new { inline = new { files = new Dictionary<string, string> { ["index.js"] = "x" } } } },
        };
        var made = await Client.CustomObjects.CreateNamespacedCustomObjectAsync<Lambda>(lambda, Lambda.Group, Lambda.Version, Namespace, Lambda.Plural);
        if (finalizer)
            _held.Add(name);
        return LambdaRef.Of(made);
    }

    public async Task DeleteLambdaAsync(LambdaRef lambda)
    {
        await Client.CustomObjects.DeleteNamespacedCustomObjectAsync(Lambda.Group, Lambda.Version, Namespace, Lambda.Plural, lambda.Name);
    }

    /// <summary>A running pod that looks like a build and does not heed the signal to end.</summary>
    public async Task CreateBuildPodAsync(LambdaRef lambda, string name)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = name, Labels = Labels.For(lambda) },
            Spec = new V1PodSpec
            {
                RestartPolicy = "Never",
                AutomountServiceAccountToken = false,
                Containers = [new V1Container { Name = "build", Image = _image, ImagePullPolicy = "IfNotPresent", Command = ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"] }],
            },
        };
        await Client.CoreV1.CreateNamespacedPodAsync(pod, Builds);
        for (var i = 0; i < 240; i++)
        {
            if ((await Client.CoreV1.ReadNamespacedPodAsync(name, Builds)).Status.Phase == "Running")
                return;
            await Task.Delay(250, TestContext.Current.CancellationToken);
        }
        Assert.Fail($"{name} does not run.");
    }

    public async Task<List<string>> BuildPodsAsync() => [.. (await Client.CoreV1.ListNamespacedPodAsync(Builds)).Items.Select(pod => pod.Metadata.Name).Order()];

    private async Task ReleaseAsync(string lambda)
    {
        var patch = new V1Patch("""{"metadata":{"finalizers":null}}""", V1Patch.PatchType.MergePatch);
        await Client.CustomObjects.PatchNamespacedCustomObjectAsync<Lambda>(patch, Lambda.Group, Lambda.Version, Namespace, Lambda.Plural, lambda);
    }
}
