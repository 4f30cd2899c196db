using k8s;
using k8s.Models;

namespace Kublambda.Bench;

/// <summary>The baseline of builds: a pod that unpacks a source and lays it on the runtime's image as buildah's manual has it.</summary>
internal static class PlainBuildah
{
    private const string Script = """
        from=$(buildah from --quiet --pull-always --tls-verify="$TLS_VERIFY" "$BASE_IMAGE")
        buildah copy --quiet --chown 0:0 "$from" /workspace/source /function >/dev/null
        buildah commit --quiet --tls-verify="$TLS_VERIFY" "$from" "docker://$IMAGE" >/dev/null
        """;

    /// <param name="ours">A pod of our pipeline "buildah": its first step unpacks the source; "layer" and "image" are replaced.</param>
    /// <param name="image">Repository and tag to push to.</param>
    public static V1PodSpec Of(V1PodSpec ours, string image)
    {
        var spec = KubernetesJson.Deserialize<V1PodSpec>(KubernetesJson.Serialize(ours));
        var (layer, last) = (spec.InitContainers.Single(c => c.Name == "layer"), spec.Containers[0]);
        var host = last.Args[^1][..last.Args[^1].IndexOf('/', StringComparison.Ordinal)];
        spec.NodeName = null;
        spec.InitContainers = [spec.InitContainers[0]];
        layer.Args = [Script];
        layer.Env =
        [
            .. layer.Env,
            new V1EnvVar { Name = "BASE_IMAGE", Value = Value(last, "--base=") },
            new V1EnvVar { Name = "TLS_VERIFY", Value = Value(last, "--tls-verify=") },
            new V1EnvVar { Name = "IMAGE", Value = $"{host}/{image}" },
        ];
        layer.Resources = new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { ["memory"] = new("2Gi") } };
        layer.SecurityContext.Capabilities.Add = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "MKNOD", "SETFCAP", "SYS_CHROOT"];
        spec.Containers = [layer];
        foreach (var store in spec.Volumes.Where(v => v.Name == "store"))
            store.EmptyDir.SizeLimit = new ResourceQuantity("2Gi");
        return spec;
    }

    private static string Value(V1Container step, string option) => step.Args.Single(a => a.StartsWith(option, StringComparison.Ordinal))[option.Length..];
}
