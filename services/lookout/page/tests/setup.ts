import './dom';
import { fillRegistries } from '../src/boot/registries';

fillRegistries();
