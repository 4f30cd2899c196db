namespace Kublambda.Contracts;

/// <summary>Labels, annotations and the finalizer on Kubernetes objects.</summary>
public static class Labels
{
    public const string ManagedBy = "app.kubernetes.io/managed-by";
    public const string ManagedByValue = "kublambda";

    /// <summary>Name of the Lambda.</summary>
    public const string Lambda = "kublambda.dev/lambda";
    public const string LambdaUid = "kublambda.dev/lambda-uid";

    /// <summary>On build pods, which live in a namespace of their own: the namespace of the Lambda.</summary>
    public const string LambdaNamespace = "kublambda.dev/lambda-namespace";
    public const string Revision = "kublambda.dev/revision";

    /// <summary>
    /// On the pods of a Lambda's watcher instead of <see cref="LambdaUid"/>, by which the function's Service selects: the uid.
    /// </summary>
    public const string WatcherOf = "kublambda.dev/watcher-of";

    /// <summary>Annotation on build pods: the generation the build was started for.</summary>
    public const string Generation = "kublambda.dev/generation";

    /// <summary>Annotation on a Lambda: any new value builds it again, though nothing else changed.</summary>
    public const string Rebuild = "kublambda.dev/rebuild";

    /// <summary>Annotation on a Lambda: any new value has its source fetched again at once, as when its git branch moved.</summary>
    public const string Fetch = "kublambda.dev/fetch";

    /// <summary>Keeps a Lambda until its images are gone from the registry.</summary>
    public const string Finalizer = "kublambda.dev/cleanup";

    /// <summary>Selects everything that belongs to some Lambda.</summary>
    public const string ManagedSelector = $"{ManagedBy}={ManagedByValue},{LambdaUid}";

    /// <summary>The labels of every object that belongs to a Lambda.</summary>
    public static Dictionary<string, string> For(LambdaRef lambda) => new(StringComparer.Ordinal)
    {
        [ManagedBy] = ManagedByValue,
        [Lambda] = lambda.Name,
        [LambdaUid] = lambda.Uid,
    };
}
