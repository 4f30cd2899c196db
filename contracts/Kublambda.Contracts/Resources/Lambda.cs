using k8s;
using k8s.Models;

namespace Kublambda.Contracts.Resources;

/// <summary>
/// A function: source code, how to build it, what calls it and how it scales. Namespaced; the schema is
/// <c>deploy/crds/lambdas.yaml</c>, every field is described in <c>docs/lambda.md</c>.
/// </summary>
public sealed record Lambda : IKubernetesObject<V1ObjectMeta>, ISpec<LambdaSpec>, IStatus<LambdaStatus?>
{
    public const string Group = "kublambda.dev";
    public const string Version = "v1alpha1";
    public const string Plural = "lambdas";
    public const string KindName = "Lambda";

    public string ApiVersion { get; set; } = $"{Group}/{Version}";
    public string Kind { get; set; } = KindName;
    public V1ObjectMeta Metadata { get; set; } = new();
    public LambdaSpec Spec { get; set; } = new();
    public LambdaStatus? Status { get; set; }
}
