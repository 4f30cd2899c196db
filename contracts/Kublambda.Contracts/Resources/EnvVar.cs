namespace Kublambda.Contracts.Resources;

/// <summary>One environment variable: a value, or a key of a Secret or ConfigMap in the Lambda's namespace.</summary>
public sealed record EnvVar
{
    public string Name { get; init; } = "";
    public string? Value { get; init; }
    public EnvVarSource? ValueFrom { get; init; }
}

/// <summary>Exactly one member is set.</summary>
public sealed record EnvVarSource
{
    public KeyRef? SecretKeyRef { get; init; }
    public KeyRef? ConfigMapKeyRef { get; init; }
}
