using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.Applying;

/// <summary>Whose an object of the needed name is.</summary>
internal enum Owner
{
    /// <summary>This Lambda's.</summary>
    Ours,

    /// <summary>Left by an earlier Lambda of the same name, which is gone: it may be deleted.</summary>
    Predecessor,

    /// <summary>Somebody else's: never touched.</summary>
    Stranger,
}

/// <summary>Decides by the controller reference, and by the labels where a hand edit took the reference away.</summary>
internal static class Ownership
{
    public static Owner Of(IKubernetesObject<V1ObjectMeta> live, LambdaRef lambda)
    {
        if (live.Metadata.OwnerReferences?.FirstOrDefault(o => o.Controller == true) is { } controller)
        {
            if (controller.Uid == lambda.Uid)
                return Owner.Ours;
            var ofLambda = controller.Kind == Lambda.KindName && controller.ApiVersion.StartsWith($"{Lambda.Group}/", StringComparison.Ordinal);
            return ofLambda && controller.Name == lambda.Name ? Owner.Predecessor : Owner.Stranger;
        }

        if (Label(live, Labels.LambdaUid) == lambda.Uid)
            return Owner.Ours;
        return Label(live, Labels.ManagedBy) == Labels.ManagedByValue && Label(live, Labels.Lambda) == lambda.Name ? Owner.Predecessor : Owner.Stranger;
    }

    private static string? Label(IKubernetesObject<V1ObjectMeta> live, string name) =>
        live.Metadata.Labels?.TryGetValue(name, out var value) == true ? value : null;
}
