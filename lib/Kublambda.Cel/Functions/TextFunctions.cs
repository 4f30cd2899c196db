using Kublambda.Cel.Evaluation;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>The standard functions on strings, and <c>size()</c> of everything that has one.</summary>
internal static class TextFunctions
{
    public static void AddTo(FunctionTable table)
    {
        foreach (var kind in new[] { CelKind.String, CelKind.Bytes, CelKind.List, CelKind.Map })
        {
            table.Global("size", [kind], CelKind.Int, (a, context) => Size(a[0], context));
            table.Member("size", [kind], CelKind.Int, (a, context) => Size(a[0], context));
        }

        Test(table, "contains", (text, part) => text.Contains(part, StringComparison.Ordinal));
        Test(table, "startsWith", (text, part) => text.StartsWith(part, StringComparison.Ordinal));
        Test(table, "endsWith", (text, part) => text.EndsWith(part, StringComparison.Ordinal));
    }

    private static CelInt Size(CelValue value, EvalContext context)
    {
        switch (value)
        {
            case CelString text:
                context.Budget.Charge(text.Value.Length / 10);
                return new CelInt(CodePoints.Count(text.Value));
            case CelBytes bytes:
                return new CelInt(bytes.Value.Length);
            case CelList list:
                return new CelInt(list.Count);
            default:
                return new CelInt(((CelMap)value).Count);
        }
    }

    private static void Test(FunctionTable table, string name, Func<string, string, bool> test) =>
        table.Member(name, [CelKind.String, CelKind.String], CelKind.Bool, (a, context) =>
        {
            var (text, part) = (((CelString)a[0]).Value, ((CelString)a[1]).Value);
            context.Budget.Charge(SearchCost(text, part));
            return CelBool.Of(test(text, part));
        });

    /// <summary>Nearly always linear, but the search can be made to take the product of both lengths.</summary>
    public static long SearchCost(string text, string part) => ((text.Length + part.Length) / 10) + ((long)text.Length * part.Length / 10_000);
}
