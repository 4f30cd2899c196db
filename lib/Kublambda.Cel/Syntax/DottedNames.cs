namespace Kublambda.Cel.Syntax;

/// <summary>Dotted names and the namespaces they are looked for in.</summary>
internal static class DottedNames
{
    /// <summary>The parts of <c>a.b.c</c>, each with its position, and the name it begins with; null for what is no plain dotted name.</summary>
    public static (IdentExpr Root, IReadOnlyList<NamePart> Parts)? Of(Expr expression)
    {
        var parts = new List<NamePart>();
        while (expression is SelectExpr { IsOptional: false, IsQuoted: false } select)
        {
            parts.Add(new NamePart(select.Field, select.Position));
            expression = select.Operand;
        }

        if (expression is not IdentExpr root) return null;
        parts.Add(new NamePart(root.Name, root.Position));
        parts.Reverse();
        return (root, parts);
    }

    public static string Joined(IEnumerable<NamePart> parts) => string.Join('.', parts.Select(part => part.Name));

    /// <summary>In container <c>A.B</c>, the name <c>n</c> may mean <c>A.B.n</c>, <c>A.n</c> or <c>n</c>, in this order.</summary>
    public static IEnumerable<string> Candidates(string container, string name, bool isRooted)
    {
        for (var scope = isRooted ? "" : container; scope.Length > 0; scope = scope.LastIndexOf('.') is var dot && dot < 0 ? "" : scope[..dot])
            yield return scope + "." + name;
        yield return name;
    }
}

internal readonly record struct NamePart(string Name, int Position);
