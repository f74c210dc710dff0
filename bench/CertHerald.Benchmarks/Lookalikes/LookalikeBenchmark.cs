using System.Globalization;
using System.Runtime.InteropServices;

namespace CertHerald.Benchmarks.Lookalikes;

/// <summary><c>bench/lookalikes</c>.</summary>
internal static class LookalikeBenchmark
{
    public static int Run(string[] args, TextWriter output)
    {
        string Value(string option, string otherwise) => Array.IndexOf(args, option) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : otherwise;
        string root = Value("--data", Path.Combine("..", "shared", "data", "lookalikes"));
        if (!Directory.Exists(root))
        {
            Console.Error.WriteLine($"{root} is not there: name the evaluation data with --data");
            return 2;
        }
        var data = new LookalikeData(root, Value("--part", "dev"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores ({RuntimeInformation.ProcessArchitecture}), {RuntimeInformation.FrameworkDescription}; part {Value("--part", "dev")}"));
        output.WriteLine();
        if (args.Contains("--weak"))
        {
            LookalikeWeak.Run(data, TimeSpan.FromMilliseconds(500), output);
            return 0;
        }
        int code = 0;
        if (!args.Contains("--speed")) code = new LookalikeQuality(data, output).Run(Value("--high", "") is { Length: > 0 } path ? path : null);
        if (!args.Contains("--quality"))
        {
            output.WriteLine();
            output.WriteLine("| Id | What | Value | Must (goal) | Beside |");
            output.WriteLine("|---|---|---|---|---|");
            foreach ((Row row, bool isMust) in LookalikeSpeed.Run(data, TimeSpan.FromMilliseconds(500)))
            {
                if (!isMust) code = 1;
                output.WriteLine($"| {row.Id} | {row.What} | {row.Value}{(isMust ? "" : " **missed**")} | {row.Goal} | {row.Compared} |");
            }
        }
        return code;
    }
}
