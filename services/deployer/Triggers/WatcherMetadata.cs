using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Deployer.Rendering;

namespace Kublambda.Deployer.Triggers;

/// <summary>What all objects of a watcher have in common.</summary>
internal static class WatcherMetadata
{
    public const string Component = "app.kubernetes.io/component";
    public const string ComponentValue = "watcher";

    /// <summary>On the pods: the name of the Lambda.</summary>
    public const string Instance = "app.kubernetes.io/instance";

    /// <summary>All objects of watchers, of all Lambdas.</summary>
    public const string Selector = $"{Labels.ManagedSelector},{Component}={ComponentValue}";

    /// <param name="lambda">Whose.</param>
    /// <param name="ns">Null: cluster-scoped. Owner references do not reach out of the Lambda's namespace; what lies elsewhere is found by its labels.</param>
    public static V1ObjectMeta For(LambdaRef lambda, string? ns)
    {
        var metadata = Metadata.For(lambda);
        metadata.Name = Names.Watcher(lambda);
        metadata.NamespaceProperty = ns;
        metadata.Labels[Component] = ComponentValue;
        // The namespace of the Lambda, where it is not the object's own.
        if (ns != lambda.Namespace)
        {
            metadata.OwnerReferences = null;
            metadata.Labels[Labels.LambdaNamespace] = lambda.Namespace;
        }

        return metadata;
    }
}
