namespace Kublambda.Cel.Values;

/// <summary>The names CEL gives to its types.</summary>
internal static class KindNames
{
    public static string Of(CelKind kind) => kind switch
    {
        CelKind.Null => "null_type",
        CelKind.Bool => "bool",
        CelKind.Int => "int",
        CelKind.Uint => "uint",
        CelKind.Double => "double",
        CelKind.String => "string",
        CelKind.Bytes => "bytes",
        CelKind.List => "list",
        CelKind.Map => "map",
        CelKind.Timestamp => "google.protobuf.Timestamp",
        CelKind.Duration => "google.protobuf.Duration",
        CelKind.Type => "type",
        CelKind.Optional => "optional_type",
        CelKind.Opaque => "opaque",
        CelKind.Error => "error",
        _ => "dyn",
    };

    /// <summary>The short form for messages: people say "timestamp", not "google.protobuf.Timestamp".</summary>
    public static string Short(CelKind kind) => kind switch
    {
        CelKind.Timestamp => "timestamp",
        CelKind.Duration => "duration",
        CelKind.Null => "null",
        CelKind.Optional => "optional",
        _ => Of(kind),
    };

    public static bool IsNumeric(CelKind kind) => kind is CelKind.Int or CelKind.Uint or CelKind.Double;
}
