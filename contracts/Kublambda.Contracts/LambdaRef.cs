using Kublambda.Contracts.Resources;

namespace Kublambda.Contracts;

/// <summary>Which Lambda a message is about. The uid tells a Lambda from a later one of the same name.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its <c>metadata.uid</c>.</param>
public sealed record LambdaRef(string Namespace, string Name, string Uid)
{
    public static LambdaRef Of(Lambda lambda) =>
        new(lambda.Metadata.NamespaceProperty, lambda.Metadata.Name, lambda.Metadata.Uid);

    /// <summary><c>namespace/name</c>.</summary>
    public override string ToString() => $"{Namespace}/{Name}";
}
