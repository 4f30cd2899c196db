namespace Kublambda.Controller;

/// <summary>Namespace and name of a Lambda.</summary>
public readonly record struct LambdaKey(string Namespace, string Name)
{
    public override string ToString() => $"{Namespace}/{Name}";
}
