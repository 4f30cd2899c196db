using k8s.Models;

namespace Kublambda.Deployer.Rendering;

/// <summary>What Kubernetes' Pod Security Standard "restricted" asks for, and a root file system that is read only: for every pod of a Lambda.</summary>
internal static class RestrictedSecurity
{
    /// <param name="user">The uid and the gid.</param>
    public static V1PodSecurityContext Pod(long user) => new()
    {
        RunAsNonRoot = true,
        RunAsUser = user,
        RunAsGroup = user,
        SeccompProfile = new V1SeccompProfile { Type = "RuntimeDefault" },
    };

    public static V1SecurityContext Container() => new()
    {
        AllowPrivilegeEscalation = false,
        ReadOnlyRootFilesystem = true,
        RunAsNonRoot = true,
        Capabilities = new V1Capabilities { Drop = ["ALL"] },
    };
}
