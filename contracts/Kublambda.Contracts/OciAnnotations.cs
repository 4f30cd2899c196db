namespace Kublambda.Contracts;

/// <summary>
/// What images (labels of the config) and source bundles (annotations of the manifest) in the registry carry, so that
/// clean-up recognises what is ours, and only that.
/// </summary>
public static class OciAnnotations
{
    /// <summary>The uid of the namespace <c>kube-system</c>: clusters that share a registry do not clean up after each other.</summary>
    public const string Cluster = "dev.kublambda.cluster";

    /// <summary>The uid of the Lambda.</summary>
    public const string LambdaUid = "dev.kublambda.lambda-uid";

    /// <summary><c>namespace/name</c>.</summary>
    public const string Lambda = "dev.kublambda.lambda";
    public const string Revision = "dev.kublambda.revision";

    /// <summary>On source bundles: when it was pushed, RFC 3339. The OCI image specification's own key.</summary>
    public const string Created = "org.opencontainers.image.created";

    /// <summary>Media type of the config of the log of a build: an object with the reason, the try and the time of its end.</summary>
    public const string LogConfigMediaType = "application/vnd.kublambda.build-log.config.v1+json";

    /// <summary>Media type of the one layer of the log of a build: UTF-8 text.</summary>
    public const string LogLayerMediaType = "application/vnd.kublambda.build-log.v1+text";

    /// <summary>Media type of the config of a source bundle.</summary>
    public const string SourceConfigMediaType = "application/vnd.kublambda.source.config.v1+json";

    /// <summary>Media type of the one layer of a source bundle: a normalised tar, gzip.</summary>
    public const string SourceLayerMediaType = "application/vnd.kublambda.source.v1.tar+gzip";
}
