namespace Kublambda.Cel.Syntax;

/// <summary>Recognises the calls that are macros and makes their own nodes; every other call stays one.</summary>
internal static class Macros
{
    /// <summary>Names of macros, for hints.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "has", "all", "exists", "exists_one", "existsOne", "map", "filter", "transformList", "transformMap", "transformMapEntry", "sortBy", "optMap", "optFlatMap", "cel.bind",
    ];

    public static Expr Expand(SourceText source, int position, Expr? target, string name, IReadOnlyList<Expr> arguments)
    {
        var plain = new CallExpr(position, target, name, arguments);
        if (target is null) return name == "has" ? Has(source, plain) : plain;
        if (name == "bind" && target is IdentExpr { Name: "cel" } && arguments.Count == 3)
            return new BindExpr(position, Variable(source, plain, 0), arguments[1], arguments[2]);
        return (name, arguments.Count) switch
        {
            ("all", 2 or 3) => Comprehension(source, plain, ComprehensionKind.All, arguments.Count - 1, hasFilter: false),
            ("exists", 2 or 3) => Comprehension(source, plain, ComprehensionKind.Exists, arguments.Count - 1, hasFilter: false),
            ("exists_one" or "existsOne", 2 or 3) => Comprehension(source, plain, ComprehensionKind.ExistsOne, arguments.Count - 1, hasFilter: false),
            ("map", 2 or 3) => Comprehension(source, plain, ComprehensionKind.Map, 1, arguments.Count == 3),
            ("filter", 2) => Comprehension(source, plain, ComprehensionKind.Filter, 1, hasFilter: false),
            ("transformList", 3 or 4) => Comprehension(source, plain, ComprehensionKind.TransformList, 2, arguments.Count == 4),
            ("transformMap", 3 or 4) => Comprehension(source, plain, ComprehensionKind.TransformMap, 2, arguments.Count == 4),
            ("transformMapEntry", 3 or 4) => Comprehension(source, plain, ComprehensionKind.TransformMapEntry, 2, arguments.Count == 4),
            ("sortBy", 2) => Comprehension(source, plain, ComprehensionKind.SortBy, 1, hasFilter: false),
            ("optMap" or "optFlatMap", 2) => new OptMapExpr(position, target, Variable(source, plain, 0), arguments[1], name == "optFlatMap"),
            _ => plain,
        };
    }

    /// <summary>How a macro is written, for hints.</summary>
    public static string Usage(string name) => name switch
    {
        "has" => "has(x.field)",
        "bind" => "cel.bind(name, value, expression)",
        "optMap" or "optFlatMap" => $"optional.{name}(value, ...)",
        "transformList" or "transformMap" or "transformMapEntry" => $"items.{name}(key, value, ...)",
        _ => $"items.{name}(item, ...)",
    };

    private static HasExpr Has(SourceText source, CallExpr call)
    {
        if (call.Arguments is [SelectExpr { IsOptional: false } select]) return new HasExpr(call.Position, select);
        throw source.SyntaxError("has() takes one field selection", call.Position, "such as has(object.spec.replicas); for a key that is not a name: 'key' in map");
    }

    private static ComprehensionExpr Comprehension(SourceText source, CallExpr call, ComprehensionKind kind, int variables, bool hasFilter)
    {
        var first = Variable(source, call, 0);
        var second = variables == 2 ? Variable(source, call, 1) : null;
        if (first == second) throw source.SyntaxError($"both variables of {call.Function}() are named '{first}'", call.Arguments[1].Position);
        return new ComprehensionExpr(call.Position, kind, call.Target!, first, second, hasFilter ? call.Arguments[variables] : null, call.Arguments[^1]);
    }

    private static string Variable(SourceText source, CallExpr call, int index)
    {
        if (call.Arguments[index] is IdentExpr { IsRooted: false } name) return name.Name;
        throw source.SyntaxError($"argument {index + 1} of {call.Function}() must be a variable name", call.Arguments[index].Position, $"it is written {Usage(call.Function)}");
    }
}
