using k8s.Models;
using Kublambda.Builder.Pipelines;

namespace Kublambda.Builder.Builds;

/// <summary>What an installation gives to build steps that talk to others: authorities to trust, proxies, mirrors. Pure.</summary>
internal static class BuildSurroundings
{
    private const string TrustVolume = "trust-bundle";
    public const string TrustDirectory = "/etc/kublambda/trust";
    private const string TrustFile = "ca-certificates.crt";

    // Go and OpenSSL; Node; pip; requests; git; curl.
    private static readonly string[] TrustVariables =
        ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "PIP_CERT", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE"];

    public static IEnumerable<V1Volume> Volumes(IReadOnlyList<PipelineStep> steps, BuildOptions options)
    {
        if (options.TrustBundle is { Length: > 0 } name && steps.Any(Trusts))
            yield return new V1Volume { Name = TrustVolume, ConfigMap = new V1ConfigMapVolumeSource { Name = name, Items = [new V1KeyToPath { Key = TrustFile, Path = TrustFile }] } };
    }

    public static IEnumerable<V1VolumeMount> Mounts(PipelineStep step, BuildOptions options)
    {
        if (options.TrustBundle is { Length: > 0 } && Trusts(step))
            yield return new V1VolumeMount { Name = TrustVolume, MountPath = TrustDirectory, ReadOnlyProperty = true };
    }

    public static IEnumerable<V1EnvVar> Env(PipelineStep step, BuildOptions options) =>
        options.TrustBundle is { Length: > 0 } && Trusts(step)
            ? TrustVariables.Select(v => new V1EnvVar { Name = v, Value = $"{TrustDirectory}/{TrustFile}" })
            : [];

    public static List<V1EnvFromSource>? EnvFrom(PipelineStep step, BuildOptions options) =>
        options.EnvironmentSecret is { Length: > 0 } name && step.Network
            ? [new V1EnvFromSource { SecretRef = new V1SecretEnvSource { Name = name, Optional = true } }]
            : null;

    private static bool Trusts(PipelineStep step) => step.Network || step.RegistryCredentials is not null;
}
