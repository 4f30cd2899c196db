using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.Rendering;

/// <summary>What all objects of a Lambda have in common.</summary>
internal static class Metadata
{
    public static V1ObjectMeta For(LambdaRef lambda) => new()
    {
        Name = Names.Workload(lambda),
        NamespaceProperty = lambda.Namespace,
        Labels = Labels.For(lambda),
        Annotations = new Dictionary<string, string>(StringComparer.Ordinal),
        OwnerReferences =
        [
            new V1OwnerReference
            {
                ApiVersion = $"{Lambda.Group}/{Lambda.Version}",
                Kind = Lambda.KindName,
                Name = lambda.Name,
                Uid = lambda.Uid,
                Controller = true,
                BlockOwnerDeletion = true,
            },
        ],
    };

    /// <summary>
    /// The labels that select pods. The uid alone: selectors cannot be changed, and pods of an earlier Lambda of this
    /// name, which may still be ending, must not be selected.
    /// </summary>
    public static Dictionary<string, string> Selector(LambdaRef lambda) => new(StringComparer.Ordinal)
    {
        [Labels.LambdaUid] = lambda.Uid,
    };

    /// <summary><see cref="Selector"/> as text.</summary>
    public static string SelectorText(LambdaRef lambda) => $"{Labels.LambdaUid}={lambda.Uid}";
}
