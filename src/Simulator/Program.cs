using Cozy.Fleet.Simulator.Commands;

return await SimulatorProgram.RunAsync(args, Console.Out, Console.Error);
