using k8s;
using k8s.Models;
using Kublambda.Contracts;

namespace Kublambda.Deployer.Watching;

/// <summary>Which Lambda has to be looked at.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct LambdaKey(string Namespace, string Name)
{
    public override string ToString() => $"{Namespace}/{Name}";

    /// <returns>Null where the object's labels do not name a Lambda of its own namespace, as with build pods.</returns>
    public static LambdaKey? OfChild(IKubernetesObject<V1ObjectMeta> child) =>
        child.Metadata.Labels is { } labels && labels.TryGetValue(Labels.Lambda, out var name) && !labels.ContainsKey(Labels.LambdaNamespace)
            ? new LambdaKey(child.Metadata.NamespaceProperty, name) : null;
}
