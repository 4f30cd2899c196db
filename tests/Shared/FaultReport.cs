using System.Globalization;

namespace Kublambda.Tests;

/// <summary>
/// How soon users are told of faults. The figures of a run are in <c>artifacts/tests/faults.txt</c>, which <c>make test</c> shows at its end.
/// </summary>
internal static class FaultReport
{
    private const double Seconds = 10;
    private static readonly Lock Gate = new();

    /// <summary>Ten seconds; longer in proportion where this machine has more than twice as much to do as it has cores.</summary>
    public static TimeSpan Bound => TimeSpan.FromSeconds(Seconds * Math.Max(1, Load() / (2 * Environment.ProcessorCount)));

    /// <summary>Notes a fault, and fails the test where it was told too late.</summary>
    /// <param name="fault">In a few words.</param>
    /// <param name="reason">What it was told as.</param>
    /// <param name="after">How long after the fault.</param>
    /// <param name="since">What counts as the moment of the fault.</param>
    public static void Told(string fault, string reason, TimeSpan after, string since)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{fault,-42} {reason,-24} {after.TotalSeconds,5:0.0} s after {since}");
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        lock (Gate)
        {
            var directory = Directory.CreateDirectory(Path.Combine(Checkout.Root(), "artifacts", "tests")).FullName;
            File.AppendAllText(Path.Combine(directory, "faults.txt"), line + "\n");
        }

        var bound = Bound;
        Assert.True(after < bound, string.Create(CultureInfo.InvariantCulture, $"{line}: more than {bound.TotalSeconds:0} s, with a load of {Load():0.0}"));
    }

    private static double Load()
    {
        const string file = "/proc/loadavg";
        return File.Exists(file) ? double.Parse(File.ReadAllText(file).Split(' ')[0], CultureInfo.InvariantCulture) : 0;
    }
}
