using k8s;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Status;

/// <summary>Whether two statuses say the same; records compare their lists by reference, so their JSON is compared.</summary>
internal static class StatusEquality
{
    public static bool Same(LambdaStatus? before, LambdaStatus after) =>
        before is not null && KubernetesJson.Serialize(before) == KubernetesJson.Serialize(after);
}
