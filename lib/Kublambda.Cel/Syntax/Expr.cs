namespace Kublambda.Cel.Syntax;

/// <summary>A node of the syntax tree, macros already expanded.</summary>
/// <param name="Position">Where an error about this node points.</param>
/// <param name="Depth">1 + the depth of the deepest part, so that the depth of a tree is known without walking it.</param>
internal abstract record Expr(int Position, int Depth)
{
    protected static int Over(Expr? part) => 1 + (part?.Depth ?? 0);

    protected static int Over(IEnumerable<Expr> parts) => 1 + parts.Select(part => part.Depth).DefaultIfEmpty().Max();
}

internal sealed record LiteralExpr(int Position, CelValue Value) : Expr(Position, 1);

/// <param name="Position">Where it is.</param>
/// <param name="Name">The name.</param>
/// <param name="IsRooted">Written with a leading dot: the container and local variables do not apply.</param>
internal sealed record IdentExpr(int Position, string Name, bool IsRooted) : Expr(Position, 1);

internal sealed record SelectExpr(int Position, Expr Operand, string Field, bool IsOptional, bool IsQuoted) : Expr(Position, Over(Operand));

internal sealed record HasExpr(int Position, SelectExpr Select) : Expr(Position, Over(Select));

internal sealed record IndexExpr(int Position, Expr Operand, Expr Index, bool IsOptional) : Expr(Position, Over([Operand, Index]));

internal sealed record CallExpr(int Position, Expr? Target, string Function, IReadOnlyList<Expr> Arguments)
    : Expr(Position, Over(Target is null ? Arguments : [Target, .. Arguments]));

/// <summary>A unary or binary operator other than the logical ones.</summary>
internal sealed record OperatorExpr(int Position, string Symbol, IReadOnlyList<Expr> Operands) : Expr(Position, Over(Operands));

/// <summary><c>a &amp;&amp; b &amp;&amp; c</c> or <c>a || b || c</c>: one node for a whole chain.</summary>
internal sealed record LogicalExpr(int Position, bool IsAnd, IReadOnlyList<Expr> Operands) : Expr(Position, Over(Operands));

internal sealed record ConditionalExpr(int Position, Expr Condition, Expr Then, Expr Else) : Expr(Position, Over([Condition, Then, Else]));

internal sealed record ListExpr(int Position, IReadOnlyList<ListElement> Elements) : Expr(Position, Over(Elements.Select(element => element.Value)));

internal readonly record struct ListElement(Expr Value, bool IsOptional);

internal sealed record MapExpr(int Position, IReadOnlyList<MapEntry> Entries) : Expr(Position, Over(Entries.SelectMany(entry => new[] { entry.Key, entry.Value })));

internal readonly record struct MapEntry(Expr Key, Expr Value, bool IsOptional);

/// <summary><c>Type{field: value}</c>: parsed for its place in the grammar; there are no message types to make.</summary>
internal sealed record StructExpr(int Position, string TypeName) : Expr(Position, 1);

internal enum ComprehensionKind
{
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    TransformList,
    TransformMap,
    TransformMapEntry,
    SortBy,
}

/// <param name="Position">The macro's name.</param>
/// <param name="Kind">Which macro.</param>
/// <param name="Range">What is walked.</param>
/// <param name="First">The variable: an element, a key, or with a second variable an index or a key.</param>
/// <param name="Second">The second variable: an element or a value.</param>
/// <param name="Filter">Elements for which it is false are left out.</param>
/// <param name="Body">Evaluated for each element.</param>
internal sealed record ComprehensionExpr(int Position, ComprehensionKind Kind, Expr Range, string First, string? Second, Expr? Filter, Expr Body)
    : Expr(Position, Over(Filter is null ? [Range, Body] : [Range, Filter, Body]));

/// <summary><c>cel.bind(name, value, body)</c>.</summary>
internal sealed record BindExpr(int Position, string Name, Expr Value, Expr Body) : Expr(Position, Over([Value, Body]));

/// <summary><c>optional.optMap(name, body)</c>, and <c>optFlatMap</c>, whose body gives an optional itself.</summary>
internal sealed record OptMapExpr(int Position, Expr Target, string Name, Expr Body, bool IsFlat) : Expr(Position, Over([Target, Body]));
