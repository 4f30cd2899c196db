using System.Diagnostics;
using System.Reflection;

namespace Kublambda.Invoker;

/// <summary>Where in the function's own code something went wrong.</summary>
internal static class Place
{
    /// <summary>What was thrown first, without what the runtime wrapped around it.</summary>
    public static Exception Cause(Exception exception) =>
        exception is TypeInitializationException or TargetInvocationException or AggregateException && exception.InnerException is { } inner ? Cause(inner) : exception;

    /// <summary>File, line and method of the innermost frame of the function's, or an empty text: <c> (at Orders.cs:7 in Shop.Orders.Create)</c>.</summary>
    public static string Of(Exception exception)
    {
        var frames = new StackTrace(Cause(exception), fNeedFileInfo: true).GetFrames();
        var frame = Array.Find(frames, IsFunctions);
        if (frame is null)
            return "";
        var method = frame.GetMethod()!;
        var line = frame.GetFileName() is { } file ? $"{Path.GetFileName(file)}:{frame.GetFileLineNumber()} in " : "";
        return $" (at {line}{method.DeclaringType}.{method.Name})";
    }

    private static bool IsFunctions(StackFrame frame) =>
        frame.GetMethod()?.DeclaringType?.Assembly is { } assembly && System.Runtime.Loader.AssemblyLoadContext.GetLoadContext(assembly) is FunctionAssemblies;
}
