using System.Globalization;
using k8s;
using Kublambda.Contracts.Resources;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>Lambdas for tests: <c>ALambda("x").WithInline("index.js", "...")</c>. Immutable; each step gives a new one.</summary>
public sealed record LambdaBuilder
{
    private LambdaBuilder(string name, LambdaSpec spec) => (Name, Spec) = (name, spec);

    public string Name { get; private init; }
    public LambdaSpec Spec { get; private init; }

    /// <summary>A small Node.js function behind a node port, built in a pod: that is the longer way, on which more can go wrong.</summary>
    public static LambdaBuilder ALambda(string name) => new(name, new()
    {
        Runtime = Runtimes.Nodejs,
        Handler = "index.handler",
        Triggers = [new() { Name = "web", Http = new() { Exposure = Exposures.NodePort } }],
        Scaling = new() { MinReplicas = 1, MaxReplicas = 3 },
        Resources = new() { Requests = new Dictionary<string, string> { ["cpu"] = "10m", ["memory"] = "48Mi" } },
        TimeoutSeconds = 10,
        Build = new() { Pipeline = "buildah" },
    });

    /// <summary>A function that answers with this text.</summary>
    public static LambdaBuilder ALambdaThatSays(string name, string text) =>
        ALambda(name).WithInline("index.js", $"exports.handler = () => '{text}';\n");

    public LambdaBuilder WithInline(string path, string content)
    {
        var files = new Dictionary<string, string>(Spec.Source.Inline?.Files ?? new Dictionary<string, string>(), StringComparer.Ordinal)
        {
            [path] = content,
        };
        return With(spec => spec with { Source = new() { Inline = new() { Files = files } } });
    }

    public LambdaBuilder WithNoFiles() => With(spec => spec with { Source = new() { Inline = new() } });

    public LambdaBuilder WithZip(string configMap, string key) =>
        With(spec => spec with { Source = new() { Zip = new() { ConfigMap = new() { Name = configMap, Key = key } } } });

    public LambdaBuilder WithZip(byte[] zip) =>
        With(spec => spec with { Source = new() { Zip = new() { Data = Convert.ToBase64String(zip) } } });

    public LambdaBuilder WithHandler(string handler) => With(spec => spec with { Handler = handler });

    /// <summary>Null: Kublambda chooses.</summary>
    public LambdaBuilder WithPipeline(string? pipeline) => With(spec => spec with { Build = pipeline is null ? null : new() { Pipeline = pipeline } });

    public LambdaBuilder WithTimeout(int seconds) => With(spec => spec with { TimeoutSeconds = seconds });

    public LambdaBuilder WithReplicas(int min, int max) => With(spec => spec with { Scaling = new() { MinReplicas = min, MaxReplicas = max } });

    public LambdaBuilder WithEnv(string name, string value) =>
        With(spec => spec with { Env = [.. spec.Env ?? [], new EnvVar { Name = name, Value = value }] });

    public LambdaBuilder With(Func<LambdaSpec, LambdaSpec> change) => this with { Spec = change(Spec) };

    /// <summary>The manifest as a user would hand it to kubectl.</summary>
    public string Manifest(string ns) =>
        KubernetesJson.Serialize(new Lambda { Metadata = new() { Name = Name, NamespaceProperty = ns }, Spec = Spec });

    /// <summary>Many of a kind: name-0, name-1 and so on, with different sources.</summary>
    public static IReadOnlyList<LambdaBuilder> Many(string name, int count, Func<int, string> says) =>
        [.. Enumerable.Range(0, count).Select(i => ALambdaThatSays(string.Create(CultureInfo.InvariantCulture, $"{name}-{i}"), says(i)))];
}
