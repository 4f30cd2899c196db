namespace Kublambda.Contracts.Resources;

/// <summary>What calls the function: a name and exactly one kind of trigger.</summary>
public sealed record TriggerSpec
{
    public string Name { get; init; } = "";
    public HttpTrigger? Http { get; init; }
    public ResourceTrigger? Resource { get; init; }
}

/// <summary>HTTP requests from outside the Lambda's pods.</summary>
public sealed record HttpTrigger
{
    /// <summary>Host name of the Ingress; <c>name.namespace.domain</c> of the installation when absent.</summary>
    public string? Host { get; init; }

    /// <summary>Path prefix of the Ingress, <c>/</c> when absent.</summary>
    public string? Path { get; init; }

    /// <summary>One of <see cref="Exposures"/>; the installation's default when absent.</summary>
    public string? Exposure { get; init; }
}

/// <summary>Values of <see cref="HttpTrigger.Exposure"/>.</summary>
public static class Exposures
{
    public const string Ingress = "Ingress";
    public const string NodePort = "NodePort";
    public const string LoadBalancer = "LoadBalancer";
    public const string ClusterIP = "ClusterIP";
}

/// <summary>Events on Kubernetes objects that a condition matches.</summary>
public sealed record ResourceTrigger
{
    public string ApiVersion { get; init; } = "";
    public string Kind { get; init; } = "";

    /// <summary>Those of the objects; the Lambda's own when absent or empty, all with <c>*</c>. Without effect for kinds that have no namespace.</summary>
    public IReadOnlyList<string>? Namespaces { get; init; }
    public string? LabelSelector { get; init; }
    public string? FieldSelector { get; init; }

    /// <summary>Of <c>Added</c>, <c>Modified</c>, <c>Deleted</c>; all when absent.</summary>
    public IReadOnlyList<string>? Events { get; init; }

    /// <summary>A CEL expression over <c>object</c>, <c>oldObject</c>, <c>event</c> and <c>lambda</c>.</summary>
    public string? Condition { get; init; }
}
