using Kublambda.Cel.Evaluation;

namespace Kublambda.Cel.Functions;

/// <summary>The encoders extension: base64.</summary>
internal static class EncoderFunctions
{
    public static void AddTo(FunctionTable table)
    {
        table.Global("base64.encode", [CelKind.Bytes], CelKind.String, (a, context) => Encode((CelBytes)a[0], context));
        table.Global("base64.decode", [CelKind.String], CelKind.Bytes, (a, context) => Decode(((CelString)a[0]).Value, context));
    }

    private static CelString Encode(CelBytes bytes, EvalContext context)
    {
        context.Budget.Charge(bytes.Value.Length / 5);
        return new CelString(Convert.ToBase64String(bytes.Value.Span));
    }

    /// <summary>The padding may be left out.</summary>
    private static CelValue Decode(string text, EvalContext context)
    {
        context.Budget.Charge(text.Length / 5);
        var padded = text.Contains('=', StringComparison.Ordinal) ? text : text.PadRight((text.Length + 3) / 4 * 4, '=');
        var bytes = new byte[(padded.Length / 4 * 3) + 3];
        var isClean = !text.Any(char.IsWhiteSpace);
        return isClean && Convert.TryFromBase64String(padded, bytes, out var written) ? new CelBytes(bytes.AsMemory(0, written)) : new CelError("this is not base64");
    }
}
