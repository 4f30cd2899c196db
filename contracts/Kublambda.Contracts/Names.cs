namespace Kublambda.Contracts;

/// <summary>Every derived name. Names are functions of the Lambda alone, so doing a thing twice finds the first one.</summary>
public static class Names
{
    /// <summary>What every name of <see cref="TriggerPrefix"/> begins with.</summary>
    public const string AllTriggers = "kublambda.triggers.";

    /// <summary>Deployment, Service, HorizontalPodAutoscaler and Ingress are named as the Lambda.</summary>
    public static string Workload(LambdaRef lambda) => lambda.Name;

    /// <summary>The first eight hex digits of the uid.</summary>
    public static string ShortUid(LambdaRef lambda) => lambda.Uid.Replace("-", "", StringComparison.Ordinal)[..8].ToLowerInvariant();

    /// <summary>
    /// The repository of all images of one Lambda, <c>namespace/name-uid8</c> without a host. One for each uid, so that
    /// a Lambda made again under the same name shares nothing with the clean-up of the old one.
    /// </summary>
    public static string Repository(LambdaRef lambda) => $"{lambda.Namespace}/{lambda.Name}-{ShortUid(lambda)}";

    /// <summary>The repository of what a Lambda's builds keep for the next one; goes with the Lambda. Kaniko's own default for it.</summary>
    public static string CacheRepository(LambdaRef lambda) => $"{Repository(lambda)}/cache";

    /// <summary>The tag of the image of a revision.</summary>
    public static string ImageTag(string revision) => revision;

    /// <summary>The tag of the source bundle of a revision.</summary>
    public static string SourceTag(string revision) => $"source-{revision}";

    /// <summary>A second tag of a source bundle: where it was fetched from, so that it need not be fetched again.</summary>
    /// <param name="origin">The digest, in hex, of what names the content: an archive's digest, a commit.</param>
    public static string FetchedTag(string origin) => $"fetched-{origin}";

    /// <summary>The tag of the log of the build of a revision, kept whether it failed or not.</summary>
    public static string LogTag(string revision) => $"log-{revision}";

    /// <summary>The build pod of one revision, at most 63 characters.</summary>
    public static string BuildPod(LambdaRef lambda, string revision) => WithSuffix(lambda.Name, $"-{ShortUid(lambda)}-{revision}");

    /// <summary>
    /// What a Lambda's resource triggers need in Kubernetes, all of this name: Deployment, ServiceAccount, Secret, ConfigMap,
    /// and the roles with their bindings in every namespace that is watched. At most 63 characters.
    /// </summary>
    public static string Watcher(LambdaRef lambda) => WithSuffix(lambda.Name, $"-{ShortUid(lambda)}-watcher");

    /// <summary>
    /// What a Lambda's resource triggers need in RabbitMQ: the user and the exchange of this name, and queues below it. The
    /// user's rights are on this name and on <c>name.*</c> alone.
    /// </summary>
    public static string TriggerPrefix(string lambdaUid) => $"{AllTriggers}{lambdaUid}";

    private static string WithSuffix(string name, string suffix)
    {
        var room = 63 - suffix.Length;
        return (name.Length > room ? name[..room].TrimEnd('-', '.') : name) + suffix;
    }
}
