using Kublambda.Cel.Evaluation;

namespace Kublambda.Cel.Functions;

/// <summary>The sets extension: lists compared without regard to order and repetition.</summary>
internal static class SetFunctions
{
    public static void AddTo(FunctionTable table)
    {
        Relation(table, "sets.contains", ContainsAll);
        Relation(table, "sets.equivalent", (a, b, context) => ContainsAll(a, b, context) && ContainsAll(b, a, context));
        Relation(table, "sets.intersects", (a, b, context) => b.Any(item => Operators.Contains(a, item, context)));
    }

    private static bool ContainsAll(CelList a, CelList b, EvalContext context) => b.All(item => Operators.Contains(a, item, context));

    private static void Relation(FunctionTable table, string name, Func<CelList, CelList, EvalContext, bool> test) =>
        table.Global(name, [CelKind.List, CelKind.List], CelKind.Bool, (a, context) => CelBool.Of(test((CelList)a[0], (CelList)a[1], context)));
}
