using System.Globalization;
using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>A namespace for the tests of one class, and what they do in it.</summary>
/// <typeparam name="TTests">The class, whose name the namespace gets.</typeparam>
public sealed class TestNamespace<TTests>(TestCluster cluster) : LambdaSpace(cluster), IAsyncLifetime
{
    public async ValueTask InitializeAsync() =>
        Name = await Cluster.CreateNamespaceAsync(typeof(TTests).Name.ToLowerInvariant().Replace("tests", "", StringComparison.Ordinal));

    /// <summary>Asks only; the end of the run waits until all are gone.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Name.Length > 0)
            await Cluster.Api.CoreV1.DeleteNamespaceAsync(Name);
    }
}

/// <summary>Lambdas of one namespace: apply, wait, read, call.</summary>
public class LambdaSpace(TestCluster cluster)
{
    /// <summary>For what is done again and again on a busy two-core machine: a build takes seconds, many wait for each other.</summary>
    public const int Patience = 300;

    public string Name { get; protected set; } = "";
    public TestCluster Cluster { get; } = cluster;
    private CustomObject Lambdas => new(Cluster.Api, Name);

    public static LambdaSpace In(TestCluster cluster, string ns) => new(cluster) { Name = ns };

    /// <summary>kubectl in this namespace; an exit code other than 0 fails the test.</summary>
    public Task<string> KubectlAsync(params string[] arguments) => Cluster.Kubectl.RunAsync(["-n", Name, .. arguments]);

    /// <summary><c>kubectl apply</c>, and what the API server made of it.</summary>
    public async Task<Lambda> ApplyAsync(LambdaBuilder lambda)
    {
        await Cluster.Kubectl.ApplyAsync(lambda.Manifest(Name));
        return await ReadAsync(lambda.Name);
    }

    /// <summary>All in one <c>kubectl apply</c>.</summary>
    public Task ApplyAsync(IEnumerable<LambdaBuilder> lambdas) =>
        Cluster.Kubectl.ApplyAsync($$"""{"apiVersion":"v1","kind":"List","items":[{{string.Join(',', lambdas.Select(l => l.Manifest(Name)))}}]}""");

    /// <summary>Applies and waits until this very generation is Ready.</summary>
    public async Task<Lambda> ApplyUntilReadyAsync(LambdaBuilder lambda)
    {
        await ApplyAsync(lambda);
        return await ReadyAsync(lambda.Name);
    }

    public Task<Lambda> ReadAsync(string name) => Lambdas.ReadAsync(name);

    public async Task<Lambda?> FindAsync(string name)
    {
        try
        {
            return await ReadAsync(name);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public Task<IReadOnlyList<Lambda>> ListAsync() => Lambdas.ListAsync();

    public Task<Lambda> UntilAsync(string name, string what, Func<Lambda, bool> holds, int seconds = Patience) =>
        Eventually.HoldsAsync($"{what} of {Name}/{name}", () => ReadAsync(name), holds, seconds, Seen.Status, () => Diagnosis.OfAsync(Cluster, Name, name));

    /// <summary>Ready speaks of the newest generation, and is True.</summary>
    public Task<Lambda> ReadyAsync(string name, int seconds = Patience) =>
        UntilAsync(name, "Ready=True for the newest generation", Seen.IsReady, seconds);

    /// <summary>The condition of the newest generation has this status and one of these reasons.</summary>
    public async Task<LambdaCondition> ConditionAsync(string name, string type, string status, params string[] reasons)
    {
        var expected = $"{type}={status} because {string.Join(" or ", reasons)}";
        bool Holds(Lambda lambda) => Seen.Condition(lambda, type) is { } c && c.Status == status && reasons.Contains(c.Reason)
            && c.ObservedGeneration == lambda.Metadata.Generation;
        return Seen.Condition(await UntilAsync(name, expected, Holds), type)!;
    }

    /// <summary>Deletes without waiting for the end.</summary>
    public Task DeleteAsync(params string[] names) => KubectlAsync(["delete", "lambda", "--wait=false", .. names]);

    public Task GoneAsync(string name, string uid, int seconds) =>
        Eventually.IsTrueAsync(
            $"{Name}/{name} to be gone", async () => await FindAsync(name) is not { } left || left.Metadata.Uid != uid, seconds,
            () => Diagnosis.OfAsync(Cluster, Name, name));

    /// <summary>One call of <c>status.url</c>, without a second try.</summary>
    public async Task<HttpAnswer> CallAsync(Lambda lambda, string path = "")
    {
        using var response = await Cluster.Http.GetAsync(new Uri(UrlOf(lambda) + path), TestContext.Current.CancellationToken);
        return new(response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>
    /// Calls until the answer is this text: kube-proxy learns of a pod a moment after its Lambda is Ready. In that moment it
    /// may take a connection to a node port itself, and never answer (up to Kubernetes 1.22), so each call is given up after
    /// a while. The URL is read again each time; a node port changes when its Service is made anew.
    /// </summary>
    public Task<HttpAnswer> AnswersAsync(Lambda lambda, string text, string path = "", int seconds = 60) =>
        Eventually.HoldsAsync(
            $"{UrlOf(lambda)}{path} to answer \"{text}\"",
            async () => await CallAsync(await ReadAsync(lambda.Metadata.Name), path).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken),
            a => a.Status == HttpStatusCode.OK && a.Body == text, seconds, explain: () => Diagnosis.OfAsync(Cluster, Name, lambda.Metadata.Name));

    /// <summary>The pods of the function that are not on their way out.</summary>
    public async Task<IReadOnlyList<V1Pod>> PodsAsync(Lambda lambda)
    {
        var pods = await Cluster.Api.CoreV1.ListNamespacedPodAsync(Name, labelSelector: $"{Labels.LambdaUid}={lambda.Metadata.Uid}");
        return [.. pods.Items.Where(pod => pod.Metadata.DeletionTimestamp is null)];
    }

    /// <summary>Makes a ConfigMap with one binary key.</summary>
    public Task StoreAsync(string configMap, string key, byte[] content) => Cluster.Api.CoreV1.CreateNamespacedConfigMapAsync(
        new() { Metadata = new() { Name = configMap }, BinaryData = new Dictionary<string, byte[]> { [key] = content } }, Name);

    public static string UrlOf(Lambda lambda) => lambda.Status?.Url?.TrimEnd('/') ?? throw new InvalidOperationException($"{lambda.Metadata.Name} has no status.url");

    /// <summary>The distinct pods that were ever scheduled to build something for this Lambda, by its uid's place in their names.</summary>
    public Task<IReadOnlyList<string>> BuildPodsAsync(Lambda lambda) => BuildPods.OfAsync(Cluster, LambdaRef.Of(lambda));
}

/// <summary>What a function answered.</summary>
public sealed record HttpAnswer(HttpStatusCode Status, string Body)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(int)Status} {Body[..Math.Min(Body.Length, 300)]}");
}
