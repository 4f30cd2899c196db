namespace Kublambda.Registry;

/// <summary>Media types of the OCI image specification, and Docker's older names for the same things.</summary>
public static class MediaTypes
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string OciConfig = "application/vnd.oci.image.config.v1+json";
    public const string OciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string DockerConfig = "application/vnd.docker.container.image.v1+json";

    /// <summary>All that can be asked for: a registry answers 404 for a manifest whose type is not accepted.</summary>
    public static IReadOnlyList<string> Manifests { get; } = [OciManifest, OciIndex, DockerManifest, DockerIndex];

    /// <summary>True for a list of manifests.</summary>
    public static bool IsIndex(string mediaType) => mediaType is OciIndex or DockerIndex;
}
